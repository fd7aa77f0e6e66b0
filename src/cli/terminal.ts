/** Where a command writes; tests read it back. */
export interface Terminal {
  out(line: string): void;
  error(line: string): void;
}

export const processTerminal: Terminal = {
  out: (line) => void process.stdout.write(`${line}\n`),
  error: (line) => void process.stderr.write(`${line}\n`),
};
