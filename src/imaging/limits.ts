/**
 * The most that one image may take: file size, and pixels that its header announces. A larger one is an ImageError, not
 * decoded.
 */
export const imageLimits = { bytes: 256 * 2 ** 20, pixels: 100_000_000 } as const;
