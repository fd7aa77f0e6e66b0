import type { Usage } from './product.ts';

export function say(...lines: string[]): void {
  for (const line of lines) console.log(line);
}

/** Each process's part, in the unit `cost` makes of its percent of a core. */
export function shares({ percent }: Usage, cost: (percent: number) => string): string {
  return Object.entries(percent)
    .map(([part, value]) => `${part} ${cost(value)}`)
    .join(', ');
}

/** What else happened on the machine: over a few percent, take the rate with care and the cost per call as it is. */
export function disturbance(usage: Usage): string {
  const { load, others, othersOnProductCore, stolen } = usage;
  const percent = (value: number): string => `${value.toFixed(0)} %`;
  return `load ${percent(load)}, others ${percent(others)} of a core (${percent(othersOnProductCore)} on the product's), stolen by the host ${percent(stolen)}`;
}

/** What the load could not do is no fault of the product, and no figure of it either. */
export function sayNoFigure(of: string, loadFaults: readonly string[], usage: Usage): void {
  say(
    `${of}: NO FIGURE, the load itself was too slow: ${loadFaults.join('; ')}`,
    `  ${disturbance(usage)}`,
  );
}
