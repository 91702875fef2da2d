/**
 * Light or dark, and the colours that a canvas needs spelled out.
 */

/** Brightness from 0 to 1 of the first painted background at or above the node, null where none is painted. */
function backgroundBrightness(node: Element): number | null {
  for (let at: Element | null = node; at !== null; at = at.parentElement) {
    const parts = getComputedStyle(at)
      .backgroundColor.match(/[\d.]+/g)
      ?.map(Number);
    if (parts !== undefined && parts.length >= 3 && (parts[3] ?? 1) > 0.5) {
      const [r, g, b] = parts;
      return (0.299 * r + 0.587 * g + 0.114 * b) / 255;
    }
  }
  return null;
}

/** Tell whether the host is dark: by what JupyterLab, VS Code or Colab state, else by what is painted. */
export function isDark(node: Element): boolean {
  const { body, documentElement: html } = document;
  const lab = body.dataset.jpThemeLight;
  if (lab !== undefined) {
    return lab === 'false';
  }
  const kind = body.dataset.vscodeThemeKind;
  if (kind !== undefined) {
    return kind.includes('dark') || kind === 'vscode-high-contrast';
  }
  const colab = html.getAttribute('theme');
  if (colab !== null) {
    return colab === 'dark';
  }
  const brightness = node.parentElement === null ? null : backgroundBrightness(node.parentElement);
  return brightness === null
    ? matchMedia('(prefers-color-scheme: dark)').matches
    : brightness < 0.5;
}

/** Call back when the host's theme changes; the returned function ends that. */
export function watchTheme(changed: () => void): () => void {
  const later = () => requestAnimationFrame(changed);
  const observer = new MutationObserver(later);
  const attributeFilter = [
    'class',
    'theme',
    'data-jp-theme-light',
    'data-jp-theme-name',
    'data-vscode-theme-kind'
  ];
  observer.observe(document.body, { attributeFilter });
  observer.observe(document.documentElement, { attributeFilter });
  const media = matchMedia('(prefers-color-scheme: dark)');
  media.addEventListener('change', later);
  return () => {
    observer.disconnect();
    media.removeEventListener('change', later);
  };
}

const NAMES = [
  'bg',
  'line',
  'text',
  'soft',
  'faint',
  'veil',
  'accent',
  'good',
  'bad',
  'pruned'
] as const;

export type Colors = Record<(typeof NAMES)[number], string> & { font: string };

/** Return the panel's colours as a canvas takes them. */
export function readColors(node: Element): Colors {
  const probe = document.createElement('span');
  node.append(probe);
  const style = getComputedStyle(probe);
  const colors: Partial<Colors> = { font: style.fontFamily };
  for (const name of NAMES) {
    probe.style.color = `var(--kt-${name})`;
    colors[name] = style.color;
  }
  probe.remove();
  return colors as Colors;
}
