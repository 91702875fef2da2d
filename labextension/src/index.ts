import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
const plugin: JupyterFrontEndPlugin<void> = { id: 'kt-notebook:panel', description: 'Draws searches.', autoStart: true, activate: () => undefined };
export default plugin;
