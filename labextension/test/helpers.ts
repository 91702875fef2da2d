/**
 * Records and stores for tests.
 */
import type { IRecord, JsonObject } from '../src/protocol';
import { SearchStore } from '../src/store';
import { readRecord } from '../src/wire';

/** Number and stamp records, a second apart. */
export class Script {
  add(kind: string, fields: JsonObject = {}): this {
    this._n += 1;
    const record = readRecord({ seq: this._n, time: 1000 + this._n, kind, ...fields });
    if (record !== null) {
      this.records.push(record);
    }
    return this;
  }

  start(fields: JsonObject = {}): this {
    return this.add('search_started', {
      search_id: 's',
      name: 'digits',
      tuner: 'RandomSearch',
      objective: [{ name: 'val_loss', direction: 'min' }],
      max_trials: 10,
      executions_per_trial: 1,
      workers: 1,
      where: 'thread',
      space: [],
      ...fields
    });
  }

  trial(id: string, values: JsonObject = {}, enqueued: JsonObject | null = null): this {
    return this.add('trial_started', { trial_id: id, values, seed: 1, enqueued });
  }

  enqueue(n: number, values: JsonObject = {}): this {
    return this.add('trial_enqueued', { number: n, values });
  }

  epoch(id: string, epoch: number, value: number | string): this {
    return this.add('epoch_ended', {
      trial_id: id,
      execution: 0,
      epoch,
      n_epochs: 5,
      stage: 0,
      metrics: { val_loss: value }
    });
  }

  fit(id: string, path: string, reason: string | null = null, execution = 0): this {
    return this.add('fit_chosen', { trial_id: id, execution, stage: 0, path, reason });
  }

  end(id: string, score: number | null, fields: JsonObject = {}): this {
    return this.add('trial_ended', {
      trial_id: id,
      status: 'COMPLETED',
      score,
      values: {},
      metrics: {},
      ...fields
    });
  }

  store(): SearchStore {
    const store = new SearchStore();
    store.setConnection('live');
    store.apply(this.records);
    return store;
  }

  readonly records: IRecord[] = [];
  private _n = 0;
}
