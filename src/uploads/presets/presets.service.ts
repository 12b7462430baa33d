import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { settings, type Settings } from '../../config/settings.js';
import { DatabaseClock } from '../../database/database-clock.js';
import { Database } from '../../database/database.js';
import { PresetEntity } from '../../database/entities/access/preset.entity.js';
import { forUpdate } from '../../database/statements/locking.js';
import { AppError } from '../../errors/app-error.js';
import type { Principal } from '../../http/guards/principal.js';
import { formsOf } from '../../requests/renditions/renditions.js';
import type { Preset, WantedPictures } from './preset-pictures.js';
import { isPresetName } from './preset-name.js';

const MAX_PRESETS = 100;

/** Of a name that is not known, and of those that are, in a message. */
const SHOWN_LETTERS = 60;
const SHOWN_NAMES = 20;

/** The presets of owners. An owner sees its own, also an admin: names are not unique across owners. */
@Injectable()
export class PresetsService {
  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  /**
   * Keeps options under a name, in the place of those that it had. Twice is the same as once.
   * @throws AppError `PRESET_NAME_INVALID`, `INVALID_PARAMETER` where a channel takes no such images
   * @throws AppError `TOO_MANY_PRESETS` (409): the owner has a hundred already
   */
  async put({ ownerKey }: Principal, name: string, pictures: WantedPictures): Promise<PresetEntity> {
    if (!isPresetName(name)) throw new AppError('PRESET_NAME_INVALID');
    formsOf(pictures.compression, pictures.renditions, { quality: this.settings.QUALITY });
    const options = JSON.stringify(pictures);
    return this.database.transaction((manager) => this.store(manager, { ownerKey, name }, options), {
      isUrgent: true,
    });
  }

  /** The presets of the caller, by name. */
  list({ ownerKey }: Principal): Promise<PresetEntity[]> {
    return this.database.manager.find(PresetEntity, { where: { ownerKey }, order: { name: 'ASC' } });
  }

  /** @throws AppError `PRESET_NOT_FOUND` */
  async get({ ownerKey }: Principal, name: string): Promise<PresetEntity> {
    const preset = await this.find(ownerKey, name);
    if (!preset) throw new AppError('PRESET_NOT_FOUND');
    return preset;
  }

  /** @throws AppError `PRESET_NOT_FOUND` */
  async remove(caller: Principal, name: string): Promise<void> {
    const { key } = await this.get(caller, name);
    const { affected } = await this.database.write((manager) => manager.delete(PresetEntity, { key }), {
      isUrgent: true,
    });
    if (affected !== 1) throw new AppError('PRESET_NOT_FOUND');
  }

  /**
   * The preset that an upload names; null where it names none. One that is not there is refused when its options are wanted
   * (`PRESET_UNKNOWN`, with the names that there are).
   */
  async named(caller: Principal, name: string | null | undefined): Promise<Preset | null> {
    if (name === null || name === undefined) return null;
    const preset = await this.find(caller.ownerKey, name);
    if (preset) return { name, ...picturesOf(preset) };
    return { name, compression: {}, renditions: [], refusal: await this.unknown(caller, name) };
  }

  private find(ownerKey: number, name: string): Promise<PresetEntity | null> {
    if (!isPresetName(name)) return Promise.resolve(null);
    return this.database.manager.findOneBy(PresetEntity, { ownerKey, name });
  }

  private async store(
    manager: EntityManager,
    named: { ownerKey: number; name: string },
    options: string,
  ): Promise<PresetEntity> {
    // One at a time for an owner: otherwise two could be the hundredth, or both the first of their name.
    await manager.query(`SELECT owner_key FROM owners WHERE owner_key = ?${forUpdate(manager)}`, [
      named.ownerKey,
    ]);
    const earlier = await manager.findOneBy(PresetEntity, named);
    if (earlier?.options === options) return earlier;
    const changedAt = this.clock.now();
    if (earlier) await manager.update(PresetEntity, { key: earlier.key }, { options, changedAt });
    else await this.insert(manager, { ...named, options, createdAt: changedAt, changedAt });
    return manager.findOneByOrFail(PresetEntity, named);
  }

  private async insert(manager: EntityManager, preset: Omit<PresetEntity, 'key'>): Promise<void> {
    const count = await manager.countBy(PresetEntity, { ownerKey: preset.ownerKey });
    if (count >= MAX_PRESETS) throw new AppError('TOO_MANY_PRESETS');
    await manager.insert(PresetEntity, preset);
  }

  private async unknown(caller: Principal, name: string): Promise<AppError> {
    const found = await this.list(caller);
    const names = found.slice(0, SHOWN_NAMES).map((preset) => preset.name);
    const more = found.length > SHOWN_NAMES ? ' and others' : '';
    const hint =
      names.length > 0 ? `there are ${names.join(', ')}${more}` : 'none is there yet: PUT /presets/<name>';
    const message = `There is no preset "${name.slice(0, SHOWN_LETTERS)}"; ${hint}.`;
    return new AppError('PRESET_UNKNOWN', message, { details: [{ field: 'preset', message: hint }] });
  }
}

/** What a preset stands for. */
export function picturesOf({ options }: Pick<PresetEntity, 'options'>): WantedPictures {
  return JSON.parse(options) as WantedPictures;
}
