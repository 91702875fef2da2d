/**
 * The panel's keys, and how they are kept from the host while the focus is inside.
 */
import type { ViewModel } from './viewmodel';
import { N_MORE, controls } from './controls';

const SUPPRESS = 'data-lm-suppress-shortcuts';

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.matches('input, textarea, select') || target.isContentEditable)
  );
}

const hasModifier = (event: KeyboardEvent) => event.ctrlKey || event.metaKey || event.altKey;

/** Do what the key stands for; returns whether it stands for something. */
export function pressKey(view: ViewModel, event: KeyboardEvent, root: HTMLElement): boolean {
  if (hasModifier(event)) {
    return false;
  }
  if (event.key === 'Escape') {
    if (isTyping(event.target)) {
      view.text.value = '';
      root.focus();
    } else if (view.selected.value !== null) {
      view.close();
    } else {
      return false;
    }
    return true;
  }
  if (isTyping(event.target)) {
    return false;
  }
  if (event.key === '/') {
    root.querySelector<HTMLElement>('.kt-Input')?.focus();
    return true;
  }
  const pressed = (event.shiftKey ? 'Shift+' : '') + event.key.toUpperCase();
  const control = controls(view.store, view.strings).find(({ key }) => key === pressed);
  if (control !== undefined && control.reason === null && !control.isPending) {
    view.command(control.kind, control.kind === 'add_trials' ? { n: N_MORE } : {});
  }
  return control !== undefined;
}

/**
 * Keep plain keys that are pressed inside the panel from the host's shortcuts.
 *
 * JupyterLab reads keys in the capture phase of the document, before any handler of ours, and passes over nodes with
 * this attribute. It is set for plain keys only, so that Ctrl+S still saves the notebook.
 */
export function guardKeys(root: HTMLElement): () => void {
  const guard = (event: KeyboardEvent) => {
    if (event.target instanceof Node && root.contains(event.target)) {
      root.toggleAttribute(SUPPRESS, !hasModifier(event));
    }
  };
  window.addEventListener('keydown', guard, true);
  return () => window.removeEventListener('keydown', guard, true);
}
