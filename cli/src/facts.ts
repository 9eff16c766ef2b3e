/**
 * Any JSON object as text: a line per field, lists numbered, what is empty left out.
 * Next: connections.ts
 */
import { clean, type Terminal } from './terminal.ts';

export function factLines(facts: object, terminal: Terminal): string[] {
  return Object.entries(facts).flatMap(([part, value]) => partLines(part, value, '', terminal));
}

function partLines(part: string, value: unknown, indent: string, terminal: Terminal): string[] {
  if (value === null || value === undefined || value === '') return [];
  const name = terminal.style('bold', words(part));
  if (Array.isArray(value)) {
    if (value.length === 0) return [];
    return [
      `${indent}${name}`,
      ...value.flatMap((item, at) => itemLines(item, at + 1, `${indent}  `, terminal)),
    ];
  }
  if (typeof value === 'object') {
    const inner = Object.entries(value).flatMap(([key, one]) => partLines(key, one, `${indent}  `, terminal));
    return inner.length === 0 ? [] : [`${indent}${name}`, ...inner];
  }
  return [`${indent}${name}  ${clean(typeof value === 'string' ? value : JSON.stringify(value))}`];
}

function itemLines(item: unknown, number: number, indent: string, terminal: Terminal): string[] {
  const lead = `${indent}${String(number)}  `;
  if (typeof item !== 'object' || item === null)
    return [lead + clean(typeof item === 'string' ? item : JSON.stringify(item))];
  const lines = Object.entries(item).flatMap(([key, value]) =>
    partLines(key, value, `${indent}   `, terminal),
  );
  const [first = ''] = lines;
  return [lead + first.trimStart(), ...lines.slice(1)];
}

/** `nextAttemptAt` → `Next attempt at`. */
function words(name: string): string {
  const text = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}
