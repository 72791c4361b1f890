// Every top-level number that the sources name in UPPER_CASE, with its value: `const NAME = <number>` and the numeric
// fields of `const NAME = { … }`.
import { readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import ts from 'typescript';
import { packages, root } from '../workspace.mjs';

const UPPER_CASE = /^[A-Z][A-Z0-9_]*$/;

/** The sources that are published and run by users: what tests build their worlds from has no limits to state. */
function sourcesOf(path) {
  return readdirSync(join(path, 'src'), { recursive: true })
    .filter((file) => file.endsWith('.ts') && !file.startsWith(`testing${sep}`))
    .sort()
    .map((file) => join(path, 'src', file));
}

/** The constants as `{ package, file, name, value, line }`; the value is undefined where it cannot be evaluated. */
export function constantsOfSources() {
  const found = packages().map((each) => ({ ...each, files: sourcesOf(each.path) }));
  const { config } = ts.readConfigFile(join(root, 'tsconfig.base.json'), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  const all = found.flatMap(({ files }) => files);
  const program = ts.createProgram(all, { ...options, noEmit: true, composite: false });
  const checker = program.getTypeChecker();
  return found.flatMap(({ folder, path, files }) =>
    files.flatMap((file) => {
      const source = program.getSourceFile(file);
      return constantsOf(source, checker).map(({ name, value, node }) => ({
        package: folder,
        file: relative(join(path, 'src'), file).replaceAll(sep, '/'),
        name,
        value,
        line: source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1,
      }));
    }),
  );
}

function constantsOf(source, checker) {
  return source.statements
    .filter(
      (statement) =>
        ts.isVariableStatement(statement) && statement.declarationList.flags & ts.NodeFlags.Const,
    )
    .flatMap((statement) => statement.declarationList.declarations)
    .filter(({ name, initializer }) => ts.isIdentifier(name) && UPPER_CASE.test(name.text) && initializer)
    .flatMap((node) => numbersOf(node.name.text, node.initializer, node, checker));
}

/** One entry for a number, one for each numeric field of an object, none for anything else. */
function numbersOf(name, initializer, node, checker) {
  const plain = withoutWrapping(initializer);
  if (ts.isObjectLiteralExpression(plain)) {
    return (
      plain.properties
        .filter(ts.isPropertyAssignment)
        // A field that is another constant is the same number under another name.
        .filter(({ name: field, initializer }) => ts.isIdentifier(field) && isOwnNumber(initializer))
        .flatMap((field) => numbersOf(`${name}.${field.name.text}`, field.initializer, field, checker))
    );
  }
  const { flags } = checker.getTypeAtLocation(plain);
  return flags & ts.TypeFlags.NumberLike ? [{ name, value: valueOf(plain, checker), node }] : [];
}

function isOwnNumber(initializer) {
  return !ts.isIdentifier(initializer) || initializer.text === 'Infinity';
}

/** The expression inside `(…)`, `… as const`, `… satisfies T` and `Object.freeze(…)`. */
function withoutWrapping(node) {
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node))
    return withoutWrapping(node.expression);
  if (ts.isCallExpression(node) && node.expression.getText() === 'Object.freeze' && node.arguments[0])
    return withoutWrapping(node.arguments[0]);
  return node;
}

const OPERATIONS = new Map([
  [ts.SyntaxKind.PlusToken, (a, b) => a + b],
  [ts.SyntaxKind.MinusToken, (a, b) => a - b],
  [ts.SyntaxKind.AsteriskToken, (a, b) => a * b],
  [ts.SyntaxKind.SlashToken, (a, b) => a / b],
  [ts.SyntaxKind.PercentToken, (a, b) => a % b],
  [ts.SyntaxKind.AsteriskAsteriskToken, (a, b) => a ** b],
  [ts.SyntaxKind.LessThanLessThanToken, (a, b) => a << b],
]);

/** The number that an expression of literals, operators and other constants stands for, or undefined. */
function valueOf(expression, checker) {
  const node = withoutWrapping(expression);
  if (ts.isNumericLiteral(node)) return Number(node.text);
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.MinusToken) {
    const value = valueOf(node.operand, checker);
    return value === undefined ? undefined : -value;
  }
  if (ts.isBinaryExpression(node)) {
    const [left, right] = [valueOf(node.left, checker), valueOf(node.right, checker)];
    if (left === undefined || right === undefined) return undefined;
    return OPERATIONS.get(node.operatorToken.kind)?.(left, right);
  }
  if (node.getText() === 'Infinity') return Infinity;
  if (node.getText() === 'Number.MAX_SAFE_INTEGER') return Number.MAX_SAFE_INTEGER;
  if (!ts.isIdentifier(node) && !ts.isPropertyAccessExpression(node)) return undefined;
  const initializer = declarationOf(node, checker)?.initializer;
  return initializer === undefined ? undefined : valueOf(initializer, checker);
}

/** Where a constant or a field was declared, in whichever file that is. */
function declarationOf(node, checker) {
  let symbol = checker.getSymbolAtLocation(node);
  if (symbol !== undefined && symbol.flags & ts.SymbolFlags.Alias) symbol = checker.getAliasedSymbol(symbol);
  const declaration = symbol?.valueDeclaration;
  if (declaration === undefined) return undefined;
  return ts.isVariableDeclaration(declaration) || ts.isPropertyAssignment(declaration)
    ? declaration
    : undefined;
}
