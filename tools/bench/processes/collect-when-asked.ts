/**
 * Loaded into a server that is measured (`--expose-gc --import`): collects garbage when it gets SIGUSR2 and
 * says so. What the opening of streams left behind would otherwise be counted as theirs, or not, as the
 * collector's timing has it.
 */
process.on('SIGUSR2', () => {
  globalThis.gc?.();
  console.log('collected');
});
