/**
 * A made-up search, for looking at the panel without a kernel.
 */
import type { IRecord, JsonObject } from '../src/protocol';
import { readRecord } from '../src/wire';

export interface IScene {
  trials: number;
  maxTrials: number | null;
  epochs: number;
  /** What happens at the end of the records. */
  end: 'running' | 'finished' | 'failed' | 'paused' | 'stopping';
  notes: boolean;
}

const ERROR = {
  type: 'ValueError',
  message:
    'Input 0 of layer "dense" is incompatible with the layer: expected axis -1 of input shape to have value 64, but received input with shape (32, 63)',
  traceback:
    'Traceback (most recent call last):\n  Cell In[3], line 6\n    model.add(keras.layers.Dense(hp.Int("units", 8, 96, step=8), activation=act))\nValueError: Input 0 of layer "dense" is incompatible with the layer',
  line: 6
};

const SPACE: JsonObject[] = [
  { class_name: 'Float', config: { name: 'lr', min_value: 1e-4, max_value: 0.1, sampling: 'log' } },
  { class_name: 'Int', config: { name: 'units', min_value: 8, max_value: 96, step: 8 } },
  { class_name: 'Choice', config: { name: 'act', values: ['relu', 'tanh'] } },
  { class_name: 'Float', config: { name: 'dropout', min_value: 0, max_value: 0.5, step: 0.1 } },
  {
    class_name: 'Choice',
    config: { name: 'kernel', values: [{ __tuple__: [3, 3] }, { __tuple__: [5, 5] }] }
  },
  { class_name: 'Boolean', config: { name: 'batch_norm' } }
];

const FITS: readonly [string, string | null][] = [
  ['reused', null],
  ['fused', null],
  ['plain', 'Plot acts at each batch']
];

function random(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 16807) % 2147483647) / 2147483647;
}

export class Feed {
  constructor(scene: IScene, start: number) {
    this._time = start;
    this._scene = scene;
    this._emit('search_started', {
      search_id: 'demo',
      name: 'digits',
      tuner: 'RandomSearch',
      objective:
        scene.epochs > 0
          ? [{ name: 'val_accuracy', direction: 'max' }]
          : [{ name: 'score', direction: 'min' }],
      max_trials: scene.maxTrials,
      executions_per_trial: 1,
      max_epochs: null,
      seed: 7,
      workers: 1,
      where: 'thread',
      timeout_s: null,
      space: SPACE,
      directory: '/home/you/.kt_notebook/digits-3f2a',
      resumed: false,
      n_combinations: null
    });
    if (scene.notes) {
      this._emit('search_noted', {
        level: 'advice',
        code: 'edge',
        text: 'the best `units` lie at the upper edge (96 of 96)',
        line: 4
      });
      this._emit('search_noted', {
        level: 'advice',
        code: 'flat',
        text: '`act` makes no difference so far',
        line: null
      });
    }
    for (let i = 0; i < scene.trials; i++) {
      this._trial(i, i === scene.trials - 1 && scene.end !== 'finished');
    }
    if (scene.end === 'finished') {
      this._emit('search_ended', { reason: 'finished', error: null });
    } else if (scene.end === 'failed') {
      this._emit('search_ended', { reason: 'failed', error: ERROR });
    } else if (scene.end === 'paused') {
      this._emit('search_paused', {});
    } else if (scene.end === 'stopping') {
      this._emit('stop_requested', { now: true });
    }
  }

  readonly records: IRecord[] = [];

  get now(): number {
    return this._time;
  }

  /** Go on with one more epoch of the running trial, or the next trial. */
  step(time: number): IRecord[] {
    const from = this.records.length;
    this._time = time;
    this._epochOrNext();
    return this.records.slice(from);
  }

  private _trial(i: number, isLast: boolean): void {
    const r = this._random;
    const { epochs } = this._scene;
    this._id = String(i).padStart(4, '0');
    this._top = 0.89 + 0.075 * r();
    this._rate = 0.35 + 0.5 * r();
    this._epoch = 0;
    this._index = i;
    const dropout = Math.round(r() * 5) / 10;
    this._values = {
      lr: 10 ** (-4 + 3 * r()),
      units: 8 * (1 + Math.floor(12 * r())),
      act: r() < 0.5 ? 'relu' : 'tanh',
      dropout,
      kernel: { __tuple__: r() < 0.5 ? [3, 3] : [5, 5] }
    };
    if (dropout > 0.1) {
      this._values.batch_norm = r() < 0.5;
    }
    this._emit('trial_started', { trial_id: this._id, values: this._values, seed: 7000 + i });
    this._emit('output_captured', {
      trial_id: this._id,
      stream: 'stdout',
      text: 'preparing data\nloaded 1,437 digits\n',
      data: null
    });
    const fails = i % 11 === 5 || this._scene.end === 'failed';
    if (fails) {
      this._time += 0.1;
      this._emit('output_captured', {
        trial_id: this._id,
        stream: 'warning',
        text: 'UserWarning: a layer has no name',
        data: null
      });
      this._end('FAILED', ERROR);
      return;
    }
    this._emit('output_captured', {
      trial_id: this._id,
      stream: 'display',
      text: null,
      data: { 'image/svg+xml': FIGURE, 'text/plain': '<Figure>' }
    });
    const n = isLast
      ? Math.ceil(epochs * 0.4)
      : i % 11 === 3 || i % 11 === 8
        ? Math.ceil(epochs * 0.27)
        : epochs;
    if (epochs > 0) {
      const [path, reason] = FITS[i % FITS.length];
      this._emit('fit_chosen', { trial_id: this._id, execution: 0, stage: 0, path, reason });
    }
    for (let e = 0; e < n; e++) {
      this._oneEpoch();
    }
    if (!isLast) {
      if (n < epochs) {
        this._end('COMPLETED', null, { epoch: n - 1, reason: 'below the median of 9 trials' });
      } else {
        this._end('COMPLETED', null);
      }
    }
  }

  private _epochOrNext(): void {
    if (this._epoch < this._scene.epochs) {
      this._oneEpoch();
    } else {
      this._end('COMPLETED', null);
      this._trial(this._index + 1, true);
    }
  }

  private _oneEpoch(): void {
    const r = this._random;
    this._time += 0.3 + 0.15 * r();
    this._epoch += 1;
    const value =
      this._top - (this._top - 0.35) * Math.exp(-this._rate * this._epoch) + (r() - 0.5) * 0.012;
    this._best = Math.max(this._best, value);
    this._emit('epoch_ended', {
      trial_id: this._id,
      execution: 0,
      epoch: this._epoch - 1,
      n_epochs: this._scene.epochs,
      stage: 0,
      metrics: {
        accuracy: value + 0.01,
        loss: 1 - value,
        val_accuracy: value,
        val_loss: 1.1 - value
      }
    });
  }

  private _end(status: string, error: JsonObject | null, pruned: JsonObject | null = null): void {
    const score =
      error !== null ? null : this._scene.epochs > 0 ? this._best : this._random() ** 2 * 1e-2;
    if (this._scene.epochs === 0) {
      this._time += 0.02;
    }
    const metrics: JsonObject =
      error !== null || this._scene.epochs === 0
        ? {}
        : {
            accuracy: this._best + 0.01,
            loss: 1 - this._best,
            val_accuracy: this._best,
            val_loss: 1.1 - this._best
          };
    this._emit('trial_ended', {
      trial_id: this._id,
      status,
      score,
      best_step: this._epoch - 1,
      metrics,
      values: this._values,
      error,
      pruned
    });
    this._best = 0;
  }

  private _emit(kind: string, fields: JsonObject): void {
    const record = readRecord({ seq: this.records.length + 1, time: this._time, kind, ...fields });
    if (record !== null) {
      this.records.push(record);
    }
  }

  private readonly _scene: IScene;
  private readonly _random = random(7);
  private _time: number;
  private _id = '';
  private _index = 0;
  private _values: JsonObject = {};
  private _top = 0;
  private _rate = 0;
  private _epoch = 0;
  private _best = 0;
}

const FIGURE =
  '<svg xmlns="http://www.w3.org/2000/svg" width="240" height="90"><rect width="240" height="90" fill="#fff"/><path d="M10 80 L60 40 L110 55 L170 20 L230 12" fill="none" stroke="#1f77b4" stroke-width="2"/></svg>';
