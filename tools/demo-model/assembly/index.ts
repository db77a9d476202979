export * from "./attention";
export * from "./layers";
export * from "./matrix";
