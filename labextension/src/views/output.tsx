/**
 * What a trial printed, warned of and displayed.
 */
import type { IOutput, JsonObject } from '../protocol';
import type { Strings } from '../strings';
import { textOrNull } from '../wire';
import { useView } from './context';

const IMAGES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/svg+xml'];
const MAX_TEXT = 200_000;
// eslint-disable-next-line no-control-regex -- terminal colour codes begin with the escape character
const ANSI = /\u001b\[[0-9;]*[A-Za-z]/g;

/** Return the text with what carriage returns overwrote left out, as a terminal shows it. */
export function terminalText(text: string): string {
  return text
    .replace(ANSI, '')
    .split('\n')
    .map(line => {
      const shown = line.replace(/\r+$/, '');
      return shown.slice(shown.lastIndexOf('\r') + 1);
    })
    .join('\n')
    .slice(-MAX_TEXT);
}

function joined(value: unknown): string | null {
  return Array.isArray(value) ? value.join('') : textOrNull(value);
}

/** Pictures are shown as images, which run no script; everything else as text. */
function Display({ data, strings }: { data: JsonObject; strings: Strings }) {
  for (const mime of IMAGES) {
    const content = joined(data[mime]);
    if (content !== null) {
      const source =
        mime === 'image/svg+xml'
          ? `data:${mime};charset=utf-8,${encodeURIComponent(content)}`
          : `data:${mime};base64,${content.replace(/\s/g, '')}`;
      return (
        <img
          class="kt-Figure"
          src={source}
          alt={textOrNull(data['text/plain']) ?? strings.detail.image}
        />
      );
    }
  }
  const plain = joined(data['text/plain']) ?? joined(data['text/markdown']);
  return (
    <pre class="kt-Pre">{plain ?? strings.detail.cannotShow(Object.keys(data)[0] ?? '?')}</pre>
  );
}

interface IBlock {
  stream: string;
  text: string;
  data: JsonObject | null;
}

/** Join what came in pieces on one stream. */
function blocks(outputs: readonly IOutput[]): IBlock[] {
  const joinedBlocks: IBlock[] = [];
  for (const { stream, text, data } of outputs) {
    const last = joinedBlocks[joinedBlocks.length - 1];
    if (data === null && last !== undefined && last.data === null && last.stream === stream) {
      last.text += text ?? '';
    } else {
      joinedBlocks.push({ stream, text: text ?? '', data });
    }
  }
  return joinedBlocks;
}

export function Output({ outputs }: { outputs: readonly IOutput[] }) {
  const { strings } = useView();
  return (
    <>
      {blocks(outputs).map((block, i) =>
        block.data !== null ? (
          <Display key={i} data={block.data} strings={strings} />
        ) : (
          <pre key={i} class="kt-Pre" data-stream={block.stream}>
            {terminalText(block.text).replace(/\n$/, '')}
          </pre>
        )
      )}
    </>
  );
}
