/**
 * What the architecture rules need to know of one source file: its imports, its functions' lengths, the calls and
 * names that only certain folders may have. Read from the syntax tree, so that comments and strings count for nothing.
 * Next: arch-rules.ts
 */
import { globSync, readFileSync } from 'node:fs';
import { join, posix, sep } from 'node:path';
import ts from 'typescript';

export interface ImportFact {
  /** As written: `./x.ts`, `node:net`, `zod`. */
  readonly from: string;
  /** The file it means, from the repository's root; only for relative imports. */
  readonly target?: string;
  /** Nothing of it exists at run time. */
  readonly typeOnly: boolean;
  /** Names taken at run time; `*` for all, `default` for the default. */
  readonly names: readonly string[];
  readonly line: number;
}

export interface Fact {
  readonly name: string;
  readonly line: number;
}

export interface Module {
  /** From the repository's root, with `/`. */
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly ImportFact[];
  /** `export * from`. */
  readonly starExports: readonly Fact[];
  /** Names of the declared classes, interfaces, types and functions. */
  readonly declared: readonly Fact[];
  readonly functions: readonly (Fact & { readonly lines: number })[];
  /** Uses that are ruled: `fetch()`, `process.env`, `Date.now`, `Math.random`, `new Date()`, `.selectFrom()` and its like. */
  readonly uses: readonly Fact[];
  /** Whether the file opens with a paragraph about itself. */
  readonly hasOpening: boolean;
}

const QUERY_VERBS = new Set([
  'selectFrom',
  'insertInto',
  'updateTable',
  'deleteFrom',
  'replaceInto',
  'mergeInto',
]);

/** Every TypeScript file under the given folders of the repository at `root`. */
export function readModules(root: string, folders: readonly string[]): Module[] {
  const files = folders.flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: root }));
  return files
    .map((file) => file.split(sep).join('/'))
    .filter((file) => !file.includes('/node_modules/') && !file.includes('/gen/') && !file.endsWith('.d.ts'))
    .toSorted()
    .map((file) => parseModule(file, readFileSync(join(root, file), 'utf8')));
}

export function parseModule(path: string, text: string): Module {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const lineOf = (node: ts.Node) => source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
  const imports: ImportFact[] = [];
  const starExports: Fact[] = [];
  const declared: Fact[] = [];
  const functions: (Fact & { lines: number })[] = [];
  const uses: Fact[] = [];

  const visit = (node: ts.Node): void => {
    const line = lineOf(node);
    const imported = importOf(node, path);
    if (imported !== undefined) imports.push({ ...imported, line });
    if (ts.isExportDeclaration(node) && node.exportClause === undefined)
      starExports.push({ name: 'export *', line });
    const name = declaredName(node);
    if (name !== undefined) declared.push({ name, line });
    if (isFunction(node) && node.body !== undefined) {
      functions.push({ name: functionName(node), line, lines: ownLines(node, source) });
    }
    const use = useOf(node);
    if (use !== undefined) uses.push({ name: use, line });
    ts.forEachChild(node, visit);
  };
  visit(source);

  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
  return {
    path,
    lines,
    imports,
    starExports,
    declared,
    functions,
    uses,
    hasOpening: /^(?:#!.*\n)?\/\*\*/.test(text),
  };
}

function importOf(node: ts.Node, path: string): Omit<ImportFact, 'line'> | undefined {
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const [argument] = node.arguments;
    const from = argument !== undefined && ts.isStringLiteral(argument) ? argument.text : '(computed)';
    return { ...resolved(from, path), typeOnly: false, names: ['*'] };
  }
  if (
    ts.isImportTypeNode(node) &&
    ts.isLiteralTypeNode(node.argument) &&
    ts.isStringLiteral(node.argument.literal)
  ) {
    return { ...resolved(node.argument.literal.text, path), typeOnly: true, names: [] };
  }
  if (!ts.isImportDeclaration(node) && !ts.isExportDeclaration(node)) return undefined;
  if (node.moduleSpecifier === undefined || !ts.isStringLiteral(node.moduleSpecifier)) return undefined;
  const names = ts.isImportDeclaration(node) ? importedNames(node) : exportedNames(node);
  // A bare `import './x.ts'` takes no names but runs.
  const bare = ts.isImportDeclaration(node) && node.importClause === undefined;
  return { ...resolved(node.moduleSpecifier.text, path), typeOnly: names.length === 0 && !bare, names };
}

function resolved(from: string, path: string): Pick<ImportFact, 'from' | 'target'> {
  return from.startsWith('.') ? { from, target: posix.join(posix.dirname(path), from) } : { from };
}

function importedNames(node: ts.ImportDeclaration): string[] {
  const clause = node.importClause;
  if (clause === undefined || clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return [];
  const names = clause.name === undefined ? [] : ['default'];
  if (clause.namedBindings === undefined) return names;
  if (ts.isNamespaceImport(clause.namedBindings)) return [...names, '*'];
  return [...names, ...valueNames(clause.namedBindings.elements)];
}

function exportedNames(node: ts.ExportDeclaration): string[] {
  if (node.isTypeOnly) return [];
  if (node.exportClause === undefined || !ts.isNamedExports(node.exportClause)) return ['*'];
  return valueNames(node.exportClause.elements);
}

function valueNames(elements: readonly (ts.ImportSpecifier | ts.ExportSpecifier)[]): string[] {
  return elements
    .filter((element) => !element.isTypeOnly)
    .map((element) => (element.propertyName ?? element.name).text);
}

function declaredName(node: ts.Node): string | undefined {
  const declares =
    ts.isClassDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isFunctionDeclaration(node);
  return declares ? node.name?.text : undefined;
}

type WithBody =
  | ts.FunctionDeclaration
  | ts.FunctionExpression
  | ts.ArrowFunction
  | ts.MethodDeclaration
  | ts.ConstructorDeclaration
  | ts.AccessorDeclaration;

function isFunction(node: ts.Node): node is WithBody {
  return (
    ts.isFunctionDeclaration(node) ||
    ts.isFunctionExpression(node) ||
    ts.isArrowFunction(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isConstructorDeclaration(node) ||
    ts.isAccessor(node)
  );
}

/**
 * The lines of a function without its named inner functions, which count by themselves: a function that makes a thing
 * with five verbs is as long as what it does besides, like a class is. Unnamed callbacks belong to where they stand.
 */
function ownLines(node: WithBody, source: ts.SourceFile): number {
  const lineAt = (offset: number) => source.getLineAndCharacterOfPosition(offset).line;
  let lines = lineAt(node.end) - lineAt(node.getStart(source)) + 1;
  const leaveOut = (inner: ts.Node): void => {
    if (isFunction(inner) && inner.body !== undefined && functionName(inner) !== UNNAMED) {
      lines -= lineAt(inner.end) - lineAt(inner.getStart(source));
    } else ts.forEachChild(inner, leaveOut);
  };
  ts.forEachChild(node, leaveOut);
  return lines;
}

const UNNAMED = '(unnamed)';

function functionName(node: WithBody): string {
  if (node.name !== undefined) return node.name.getText();
  const named = ts.isVariableDeclaration(node.parent) || ts.isPropertyAssignment(node.parent);
  return named ? node.parent.name.getText() : UNNAMED;
}

function useOf(node: ts.Node): string | undefined {
  if (ts.isCallExpression(node)) {
    const called = node.expression;
    if (ts.isIdentifier(called) && called.text === 'fetch') return 'fetch()';
    if (ts.isPropertyAccessExpression(called) && QUERY_VERBS.has(called.name.text))
      return `.${called.name.text}()`;
  }
  if (
    ts.isNewExpression(node) &&
    node.expression.getText() === 'Date' &&
    (node.arguments?.length ?? 0) === 0
  ) {
    return 'new Date()';
  }
  if (!ts.isPropertyAccessExpression(node)) return undefined;
  const text = `${node.expression.getText()}.${node.name.text}`.replace(/^globalThis\./, '');
  if (text === 'process.env' || text === 'Date.now' || text === 'Math.random') return text;
  return node.name.text === 'fetch' && node.expression.getText() === 'globalThis' ? 'fetch()' : undefined;
}
