/** A vector file that cannot be run; the message names the file, the case and the field. */
export class VectorFileError extends Error {
  override readonly name = "VectorFileError";
  /** Whether the caller named a file that is not there. */
  readonly isMissing: boolean;

  constructor(message: string, isMissing = false) {
    super(message);
    this.isMissing = isMissing;
  }
}
