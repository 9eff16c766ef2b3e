/**
 * The doctor's report as text: by group, then what is wrong, worst first, each with what to do.
 * Next: operator.ts
 */
import type { DoctorCheck, DoctorReport } from './operator.ts';
import { clean, type Terminal } from './terminal.ts';

export function doctorLines({ groups }: DoctorReport, terminal: Terminal): string[] {
  const width = Math.max(0, ...groups.map(({ title }) => title.length));
  const lines: string[] = [];
  for (const { title, checks } of groups) {
    checks.forEach((check, at) => {
      const head = at === 0 ? terminal.style('bold', title.padEnd(width)) : ' '.repeat(width);
      lines.push(`${head}  ${terminal.mark(check.status)} ${clean(check.name)}: ${clean(check.detail)}`);
    });
  }
  return [
    ...lines,
    '',
    ...verdict(
      groups.flatMap(({ checks }) => checks),
      terminal,
    ),
  ];
}

function verdict(checks: readonly DoctorCheck[], terminal: Terminal): string[] {
  const problems = checks.filter(({ status }) => status === 'problem');
  const warnings = checks.filter(({ status }) => status === 'warning');
  const wrong = [...problems, ...warnings];
  if (wrong.length === 0) return [`${terminal.mark('ok')} Everything is fine`];
  const counts = [
    ...(problems.length > 0 ? [terminal.style('red', counted(problems.length, 'problem'))] : []),
    ...(warnings.length > 0 ? [terminal.style('yellow', counted(warnings.length, 'warning'))] : []),
  ];
  const width = Math.max(...wrong.map(({ name }) => clean(name).length));
  return [
    `${counts.join(', ')}. Worst first:`,
    ...wrong.map(({ status, name, detail, fix }) => {
      const advice = fix === undefined ? clean(detail) : terminal.style('cyan', clean(fix));
      return `  ${terminal.mark(status)} ${clean(name).padEnd(width)}   ${advice}`;
    }),
  ];
}

function counted(count: number, word: string): string {
  return `${String(count)} ${word}${count === 1 ? '' : 's'}`;
}
