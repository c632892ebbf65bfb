/** Exif of the pictures that this package writes, by which a command knows its own earlier output again. */
export const PNG_MARK = { IFD0: { Software: 'effvit' } };
