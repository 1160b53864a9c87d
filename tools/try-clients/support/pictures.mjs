/** A red square of 32 pixels, as base64. */
export const redPng =
  'iVBORw0KGgoAAAANSUhEUgAAACAAAAAgCAIAAAD8GO2jAAAAKElEQVR4nO3NsQ0AAAzCMP5/un0CNkuZ41wybXsHAAAAAAAAAAAAxR4yw/wuPL6QkAAAAABJRU5ErkJggg==';
/** The same as a data URL. */
export const redPngUrl = `data:image/png;base64,${redPng}`;
