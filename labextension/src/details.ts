/**
 * What a view may show of single trials beyond the snapshot: epochs, outputs, tracebacks of the latest ones.
 */
import type { IDetail, IRecord, JsonObject } from './protocol';
import { numbers, readEpoch, readError, readFitRecord, readOutput } from './wire';

/** Outputs are kept for so many trials; those of others come on request. */
const N_KEPT = 16;

export class Details {
  get(trialId: string): IDetail | undefined {
    return this._details.get(trialId);
  }

  set(detail: IDetail): void {
    this._details.delete(detail.trial_id);
    this._details.set(detail.trial_id, detail);
    if (this._details.size > N_KEPT) {
      const [oldest] = this._details.keys();
      this._details.delete(oldest);
    }
  }

  /** Begin a trial, whose detail is whole from here on. */
  start(trialId: string, values: JsonObject, seed: number): void {
    this.set({
      trial_id: trialId,
      epochs: [],
      fits: [],
      outputs: [],
      error: null,
      values,
      seed,
      metrics: {}
    });
  }

  fold(trialId: string, { kind, fields }: IRecord, values: JsonObject): void {
    const detail = this._details.get(trialId);
    if (detail === undefined) {
      return;
    }
    switch (kind) {
      case 'epoch_ended':
        detail.epochs.push(readEpoch(fields));
        break;
      case 'fit_chosen': {
        const fit = readFitRecord(fields);
        if (fit !== null) {
          detail.fits.push(fit);
        }
        break;
      }
      case 'output_captured':
        detail.outputs.push(readOutput(fields));
        break;
      case 'trial_ended':
        detail.error = readError(fields.error);
        detail.values = values;
        detail.metrics = numbers(fields.metrics);
        break;
    }
  }

  clear(): void {
    this._details.clear();
  }

  private readonly _details = new Map<string, IDetail>();
}
