/**
 * A process of its own beside whoever runs servers on a folder, given as the argument. Its standard input is
 * a pipe from that process and ends with it, however it ends: then what that one left running is stopped.
 */
import { endLeftBehind } from './claim-folder.ts';

const dir = process.argv[2] ?? '';
// What ends the others is not meant for this one: it goes last.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.stdin.resume();
process.stdin.once('error', () => undefined);
process.stdin.once('close', () => void endLeftBehind(dir).then(() => process.exit(0)));
