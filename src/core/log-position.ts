/** A place in an append log: everything before it was read. */
export interface LogPosition {
  readonly segment: string;
  readonly offset: number;
}
