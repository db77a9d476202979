/** Where things lie. All of it is set aside when the module is compiled. */

/** Values of one call: whole rows of blocks, so that what a call costs does not count. */
export const MOST_VALUES: i32 = 16_384;
/** Values of the types whose blocks share a scale of scales. */
export const BLOCK: i32 = 256;

/** Values as floats. */
export const floats: usize = memory.data(65_536, 16);
/** The same values as a file has them; no type needs more bytes than half floats do. */
export const packed: usize = memory.data(32_768, 16);

/** A step for each value of a block, counted from the lowest: bytes. */
export const steps: usize = memory.data(256, 16);
/** For each group of a block, floats: its scale, how far below zero it begins, and how its steps were found. */
export const scales: usize = memory.data(64, 16);
export const belows: usize = memory.data(64, 16);
export const inverses: usize = memory.data(64, 16);
export const starts: usize = memory.data(64, 16);
/** The groups' scales as they are written, as floats again, and their least values. */
export const writtenScales: usize = memory.data(64, 16);
export const writtenBelows: usize = memory.data(64, 16);

/** Four groups side by side, one in each lane: values, weights, steps that are tried. */
export const lanes: usize = memory.data(512, 16);
export const weights: usize = memory.data(512, 16);
export const tried: usize = memory.data(512, 16);

export function floatAt(array: usize, index: i32): f32 {
  return load<f32>(array + ((<usize>index) << 2));
}

export function setFloat(array: usize, index: i32, value: f32): void {
  store<f32>(array + ((<usize>index) << 2), value);
}
