import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InputError, Random } from '../base/index.js';
import { makeFolder, HEADER as NIH_HEADER } from './fixtures/make-folder.js';
import { indexRadiographs } from './registry.js';

const NIH_ROWS = `a.png,Mass,0,1,58,F,AP,1,1,1,1\nb.png,No Finding,0,2,58,M,PA,1,1,1,1\nc.png,Hernia,0,3,9,M,PA,1,1,1,1\n`;
const VINDR = 'Atelectasis,Other diseases,No finding';

/** A small valid folder per data set; the first file is the one to be damaged. */
const FOLDERS: Record<string, { files: Record<string, string>; findings?: string[] }> = {
  chestxray14: {
    files: {
      'BBox_List_2017.csv': 'Image Index,Finding Label,Bbox [x,y,w,h],,,\na.png,Infiltrate,1.5,2,30,40\n',
      'Data_Entry_2017_v2020.csv': `${NIH_HEADER}\n${NIH_ROWS}`,
      'train_val_list.txt': 'a.png\nb.png',
      'test_list.txt': 'c.png',
    },
  },
  'vindr-cxr': {
    files: {
      'image_labels_train.csv': `image_id,rad_id,${VINDR}\na,R1,1,0,0\na,R2,1,0,0\nb,R1,0,0,1\nb,R2,0,0,1\n`,
      'image_labels_test.csv': `image_id,${VINDR}\nt,1,0,0\n`,
      'annotations_train.csv': 'image_id,rad_id,class_name,x_min,y_min,x_max,y_max\na,R1,Atelectasis,1,2,3,4\n',
    },
    findings: VINDR.split(','),
  },
  vinbigdata: {
    files: {
      'train.csv': `image_id,class_name,class_id,rad_id,x_min,y_min,x_max,y_max
a,ILD,5,R1,1,2,3.5,4\na,No finding,14,R2,,,,\nb,No finding,14,R1,,,,\nc,No finding,14,R1,,,,\n`,
    },
  },
  padchest: {
    files: {
      'PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv': `,ImageID,ImageDir,StudyDate_DICOM,PatientID,PatientBirth,PatientSex_DICOM,Projection,Labels
0,a.png,0,20140915,1,1930.0,F,PA,"['pneumonia', ' nodule', '']"
1,b.png,0,20140915,2,1930.0,M,AP,['normal']\n2,c.png,54,20140915,3,,,AP_horizontal,"[""kyphosis""]"\n`,
    },
  },
  'rsna-pneumonia': {
    files: { 'stage_2_train_labels.csv': 'patientId,x,y,width,height,Target\na,1,2,3,4,1\nb,,,,,0\nc,,,,,0\n' },
  },
  'siim-pneumothorax': { files: { 'train-rle.csv': 'ImageId, EncodedPixels\na,10 20 30 40\nb,-1\nc, -1\n' } },
  'google-nih': {
    files: {
      'google2019_nih-chest-xray-labels.csv': `${NIH_HEADER},Fracture,Pneumothorax,Airspace opacity,Nodule or mass,Set Id\n${NIH_ROWS.replaceAll(
        '\n',
        ',NO,YES,NO,,test\n',
      )}`,
    },
  },
};

/** One or two edits, seldom in the header: a byte changed, bytes cut out or repeated, seldom the rest cut off. */
function damage(bytes: Buffer, random: Random): Buffer {
  let damaged = bytes;
  for (let edits = 1 + random.integer(2); edits > 0; edits--) {
    const first = random.integer(10) > 0 ? damaged.indexOf(10) + 1 : 0;
    const at = first + random.integer(damaged.length - first + 1);
    const to = Math.min(at + 1 + random.integer(6), damaged.length);
    const [before, inside, after] = [damaged.subarray(0, at), damaged.subarray(at, to), damaged.subarray(to)];
    const byte = random.integer(3) > 0 ? '0123456789-. ",\n[]'.charCodeAt(random.integer(18)) : random.integer(256);
    const changed = [before, Buffer.from([byte]), damaged.subarray(at + 1)];
    const edit = [changed, changed, changed, [before, after], [before, inside, inside, after], [before]];
    damaged = Buffer.concat(edit[random.integer(edit.length)]!);
  }
  return damaged;
}

describe('a damaged table', () => {
  it.each(Object.entries(FOLDERS))('of %s is read or refused in words, never more', (name, { files, findings }) => {
    const root = makeFolder(files);
    const options = { root, seed: 1, requireImages: false, findings };
    const { radiographs } = indexRadiographs(name, options);
    expect(radiographs.length).toBeGreaterThanOrEqual(3);
    const random = Random.of(11, name);
    const [file, text] = Object.entries(files)[0]!;
    const outcomes = { read: 0, refused: 0 };
    for (let round = 0; round < 300; round++) {
      writeFileSync(join(root, file), damage(Buffer.from(text), random));
      try {
        for (const { labels, boxes } of indexRadiographs(name, options).radiographs) {
          expect(labels.every((label) => label === 0 || label === 1 || Number.isNaN(label))).toBe(true);
          expect(boxes?.every(({ x, y, width, height }) => Number.isFinite(x + y) && width * height > 0) ?? true).toBe(
            true,
          );
        }
        outcomes.read++;
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
        outcomes.refused++;
      }
    }
    expect(Math.min(outcomes.read, outcomes.refused), JSON.stringify(outcomes)).toBeGreaterThan(10);
  });
});
