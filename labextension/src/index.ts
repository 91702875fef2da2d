/**
 * The JupyterLab extension: it wires the panel's views to notebooks, and does nothing else.
 */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator } from '@jupyterlab/translation';
import { SearchRenderer } from './lab/renderer';
import { NotebookSearches } from './lab/searches';
import { MIME_TYPE } from './protocol';
import { type Strings, english, makeStrings } from './strings';

/** Before the widget view, which shows nothing once the kernel is gone. */
const RANK = -20;

function adopt(panel: NotebookPanel, strings: Strings): void {
  const searches = new NotebookSearches(panel);
  panel.disposed.connect(() => searches.dispose());
  panel.content.rendermime.addFactory(
    {
      safe: true,
      mimeTypes: [MIME_TYPE],
      createRenderer: () => new SearchRenderer(searches, strings)
    },
    RANK
  );
  void panel.context.ready.then(() => {
    if (!searches.isDisposed) {
      searches.redraw();
    }
  });
}

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'kt-notebook:panel',
  description: 'Draws the searches of kt_notebook in notebooks, live and from the file.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ITranslator],
  activate: (_app: JupyterFrontEnd, tracker: INotebookTracker, translator: ITranslator | null) => {
    const strings = makeStrings(translator?.load('kt_notebook') ?? english);
    tracker.forEach(panel => adopt(panel, strings));
    tracker.widgetAdded.connect((_, panel) => adopt(panel, strings));
  }
};

export default plugin;
