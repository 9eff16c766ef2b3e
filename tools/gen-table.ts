/**
 * Markdown pages from data: a table, and the note that says where a page comes from.
 */

/** The line under a page's title. `source` is the file to edit instead. */
export function generatedFrom(source: string): string {
  return `<!-- Made by \`npm run gen\` from ${source}; edit that. -->`;
}

/** A table; cells may hold any text on one line. */
export function markdownTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}

export function code(text: string): string {
  return text === '' ? '' : `\`${text}\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
