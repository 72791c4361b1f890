export function loadVectors(name: string): unknown;
