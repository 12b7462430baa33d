import { ApiProperty } from '@nestjs/swagger';
import type { RedoState } from '../../database/entities/redos/redo.entity.js';
import { wordsOf } from '../../http/description/words.js';
import { ImageErrorResponse } from './image-error.dto.js';

const REDO_STATES = wordsOf<RedoState>({
  pending: true,
  processing: true,
  done: true,
  failed: true,
  undone: true,
});

/** What was to be different. */
export class RedoOptionsResponse {
  @ApiProperty({ nullable: true, type: String })
  url!: string | null;
  @ApiProperty({ nullable: true, type: String, example: '80' })
  quality!: string | null;
  @ApiProperty({ nullable: true, type: String, example: 'ssim:0.99' })
  target!: string | null;
  original!: boolean;
}

/** That a done image was made anew, or is to be. Whatever its state, the image has an output. */
export class RedoResponse {
  /**
   * `failed`: the output is the one before; `undone`: it is again, as the run made it. After an undo that leads back to an earlier redo
   * it is `done` again, with the `options` of that one.
   */
  @ApiProperty({ enum: REDO_STATES, enumName: 'RedoState' })
  state!: RedoState;

  /** Why it failed. */
  @ApiProperty({ nullable: true, type: ImageErrorResponse })
  error!: ImageErrorResponse | null;

  options!: RedoOptionsResponse;

  /** Whether the output before is kept. */
  can_undo!: boolean;
}
