/** What is wrong with a DICOM file, as a noun phrase for ImageError. */
export class DicomError extends Error {
  override name = 'DicomError';
}
