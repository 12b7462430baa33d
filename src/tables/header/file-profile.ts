/**
 * How the file of a shop or marketplace is written, as data: the files in `tables/profiles/`. Names of columns are compared without
 * regard to case, blanks, underscores and a `*` before them; in a name, `{n}` stands for a number and `{any}` for any text.
 */
export interface FileProfile {
  id: string;
  /** The kind of file in words. */
  title: string;
  /** Columns that the header must have; of those in a list of their own, one is enough. */
  required: (string | string[])[];
  /** Columns that such a header never has. */
  without?: string[];
  /** Columns that speak for it, where several profiles fit. */
  hints?: string[];
  /** Columns that the header begins with, which speaks for it as well. */
  begins?: string[];
  /** Columns of image URLs. */
  images: string[];
  /** What stands between the URLs of a cell; null where a cell holds one. */
  separator: string | null;
  /** The column of product names, the first that there is. */
  product?: string[];
  /** The column by which a row is known, the first that there is. */
  serial?: string[];
  /** The column of stock keeping units, the first that there is. */
  sku?: string[];
  /** Rows below each other with the same value in this column are one product. */
  group?: string;
  /** Whether image columns may hold texts that are no URLs, such as paths of images that the shop has already. */
  otherTexts?: boolean;
  limits?: ProfileLimits;
  /** The sheet to be filled in, of a workbook that has others with the same header, such as examples. */
  sheet?: string;
}

/** What the system takes. */
export interface ProfileLimits {
  /** Characters of a URL. */
  urlLength?: number;
  /** Images of a product, that is of a row. */
  images?: number;
}

/** A file in `tables/profiles/`. */
export interface ProfileFile {
  system: string;
  /** Where the names of the columns were seen. */
  sources: string[];
  /** Year and month of that. */
  seen: string;
  /** What was not seen at the vendor's. */
  unconfirmed?: string;
  profiles: FileProfile[];
}

/** A profile with what its file says of all of them. */
export interface KnownProfile extends FileProfile, Omit<ProfileFile, 'profiles'> {}
