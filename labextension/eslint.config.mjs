import js from '@eslint/js';
import jupyter from '@jupyter/eslint-plugin';
import prettier from 'eslint-config-prettier';
import globals from 'globals';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['node_modules', 'lib', '.dev'] },
  js.configs.recommended,
  {
    files: ['**/*.mjs', 'style/*.js'],
    languageOptions: { globals: globals.node }
  },
  {
    files: ['**/*.{ts,tsx}', 'vitest.config.mts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname }
    },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/naming-convention': [
        'error',
        { selector: 'interface', format: ['PascalCase'], prefix: ['I'] },
        {
          selector: ['classProperty', 'classMethod', 'accessor'],
          modifiers: ['private'],
          format: ['camelCase'],
          leadingUnderscore: 'require'
        }
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Arrays are read where the length is known; `noUncheckedIndexedAccess` is off, so checks may look needless.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/consistent-indexed-object-style': 'off',
      '@typescript-eslint/consistent-type-definitions': 'off',
      'max-lines': ['error', { max: 400 }],
      'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }],
      // How Lumino's signals are connected: `signal.connect(this._onX, this)`.
      '@typescript-eslint/unbound-method': 'off',
      // `a === null || a.b` says what is missing; `a?.b` mixes null and undefined.
      '@typescript-eslint/prefer-optional-chain': 'off',
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      eqeqeq: 'error'
    }
  },
  // The last of its parts are for settings and Playwright, of which there are none here.
  { ...jupyter.configs.recommended[0], files: ['src/**/*.{ts,tsx}'], plugins: { jupyter } },
  {
    files: ['src/index.ts'],
    // What a factory makes at once cannot be imported later.
    rules: { 'jupyter/prefer-lazy-imports': 'off' }
  },
  {
    files: ['test/**', 'dev/**'],
    rules: { 'max-lines-per-function': 'off', 'max-lines': 'off' }
  },
  prettier
);
