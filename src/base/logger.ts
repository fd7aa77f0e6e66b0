/** The part of pino's logger that the product uses. Fields first, then one short sentence. */
export interface Logger {
  child(bindings: Record<string, unknown>): Logger;
  trace(fields: Record<string, unknown>, message: string): void;
  debug(fields: Record<string, unknown>, message: string): void;
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

/** For pure tests and for the parts of a test where nothing is to be said. */
export const silentLogger: Logger = {
  child: () => silentLogger,
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** `+81312345678` → `*****5678`: what a log may hold of a telephone number. */
export function maskNumber(number: string): string {
  const tail = number.slice(-4);
  return '*'.repeat(Math.max(0, number.length - 4)) + tail;
}
