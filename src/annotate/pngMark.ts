/** Exif of the pictures that this package writes, by which a command recognises its own earlier output. */
export const PNG_MARK = { IFD0: { Software: 'effvit' } };
