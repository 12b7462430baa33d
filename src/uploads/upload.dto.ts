import { ApiProperty } from '@nestjs/swagger';

/** A multipart form with one file part, whatever its name. */
export class UploadForm {
  /** The CSV file: `S. No., Product Name, Input Image Urls`. */
  @ApiProperty({ type: 'string', format: 'binary' })
  file!: unknown;
}

/** Exactly what the original system answered. */
export class UploadResponse {
  @ApiProperty({ format: 'uuid' })
  request_id!: string;
}
