export const MIN_NODE: number;
export const ROOT: string;
export const SERVER_FLAGS: readonly string[];
export function findNode(): string | undefined;
export function noNodeMessage(): string;
export function stopWithParent(stop: () => void): void;
