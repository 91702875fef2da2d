/**
 * Copying text, also where the host forbids the clipboard interface.
 */

function copyBySelection(text: string): boolean {
  const area = document.createElement('textarea');
  area.value = text;
  area.style.position = 'fixed';
  area.style.opacity = '0';
  document.body.append(area);
  area.select();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- all that is left without the clipboard interface
  const done = document.execCommand('copy');
  area.remove();
  return done;
}

/** Copy the text; returns whether that was possible. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // No permission, or an insecure page: navigator.clipboard is missing or refuses.
    return copyBySelection(text);
  }
}
