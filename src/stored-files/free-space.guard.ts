import { type CanActivate, Injectable } from '@nestjs/common';
import { AppError } from '../errors/app-error.js';
import { FreeSpace } from './free-space.js';

/**
 * Refuses calls that store something, before their body is read.
 * @throws AppError `FREE_SPACE_LOW` (507)
 */
@Injectable()
export class FreeSpaceGuard implements CanActivate {
  constructor(private readonly space: FreeSpace) {}

  async canActivate(): Promise<boolean> {
    if (!(await this.space.isEnough())) throw new AppError('FREE_SPACE_LOW');
    return true;
  }
}
