import { builtinModules } from "node:module";
import tseslint from "typescript-eslint";

/**
 * One way to write an import, wherever there are several.
 *
 * @type {NonNullable<import("typescript-eslint").ConfigArray[number]["rules"]>}
 */
const importStyle = {
  // What is only a type says so, and costs nothing at run time: `import { a, type B }`, `import type { B }`.
  "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
  "@typescript-eslint/no-import-type-side-effects": "error",
  "no-duplicate-imports": "error",
  "no-restricted-imports": [
    "error",
    {
      paths: builtinModules
        .filter((name) => !name.startsWith("_") && !name.startsWith("node:"))
        .map((name) => ({ name, message: `Write node:${name}.` })),
    },
  ],
  "no-restricted-syntax": [
    "error",
    {
      selector: "ImportDeclaration[source.value=/^node:/] > ImportNamespaceSpecifier",
      message: 'Write import { name } from "node:…" or import module from "node:…".',
    },
    {
      selector:
        'ExportNamedDeclaration[exportKind="value"][source][specifiers.length>0]:not(:has(ExportSpecifier[exportKind="value"]))',
      message: "Write export type { … } where all are types.",
    },
  ],
};

export default tseslint.config(
  { ignores: ["**/dist/", "**/build/", "**/coverage/"] },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // An index that a bound has just been checked for.
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      ...importStyle,
    },
  },
  {
    // A TokenBindingAgent is a Dispatcher of every undici, though by its declaration of none.
    files: ["packages/{client,cli,benchmarks}/**/*.ts"],
    rules: { "@typescript-eslint/no-unsafe-class-instance-assignment": "off" },
  },
  {
    // Of plain JavaScript, what packages/tools/tsconfig.json includes.
    files: ["*.js", "packages/tools/*.js", "packages/*/{scripts,native}/*.js", "docs/examples/*.js"],
    extends: [tseslint.configs.base],
    languageOptions: { parserOptions: { project: "packages/tools/tsconfig.json" } },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { arguments: false } }],
      "@typescript-eslint/await-thenable": "error",
      "prefer-const": "error",
      eqeqeq: "error",
      ...importStyle,
    },
  },
);
