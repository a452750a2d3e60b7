//! Codes for TensorBoard's projector: a table of numbers, what each row is of, and its picture.

use crate::{error::Result, png};
use genlab_results::{ImageStrip, atomic};
use std::path::Path;

/// The file that TensorBoard looks for in a run's directory.
const CONFIG: &str = "projector_config.pbtxt";
/// The folder of what it names, and the files there: the codes, what they are of, the pictures.
const FOLDER: &str = "projector";
const CODES: &str = "codes.tsv";
const LABELS: &str = "labels.tsv";
const SPRITE: &str = "sprite.png";

/// Paths of all that [`Codes::write`] may write, from the run directory.
pub const PROJECTOR_FILES: [&str; 4] =
    [CONFIG, "projector/codes.tsv", "projector/labels.tsv", "projector/sprite.png"];

/// The longest side of a picture that every browser can show there.
const LONGEST: usize = 8192;

/// Whether a picture of all images is small enough.
fn fits(images: &ImageStrip) -> bool {
    png::sprite_side(images.count()) * images.height.max(images.width) <= LONGEST
}

/// The codes of some values.
#[derive(Clone, Debug, PartialEq)]
pub struct Codes {
    /// What they are called: "codes of the test split".
    pub name: String,
    /// One row of numbers each.
    pub rows: Vec<Vec<f32>>,
    /// What each value is, by columns with a heading; all as long as `rows`.
    pub labels: Vec<(String, Vec<String>)>,
    /// The values, in the same order, where they are images. Where a picture of all would be too large it is left out.
    pub images: Option<ImageStrip>,
}

impl Codes {
    /// Writes them where TensorBoard looks for what belongs to the run in `dir`.
    ///
    /// # Errors
    /// When a file cannot be written, or a picture of the images cannot be made.
    pub fn write(&self, dir: &Path) -> Result<()> {
        let folder = dir.join(FOLDER);
        let lines =
            |rows: &[Vec<String>]| rows.iter().map(|row| row.join("\t") + "\n").collect::<String>();
        let numbers = |row: &Vec<f32>| row.iter().map(f32::to_string).collect::<Vec<_>>();
        let codes: Vec<_> = self.rows.iter().map(numbers).collect();
        atomic::write(&folder.join(CODES), lines(&codes).as_bytes())?;
        // A message in protobuf's text format, whose strings are quoted as Rust's are.
        let mut config = vec![
            format!("tensor_name: {:?}", self.name),
            format!("tensor_path: \"{FOLDER}/{CODES}\""),
        ];
        if !self.labels.is_empty() {
            atomic::write(&folder.join(LABELS), lines(&self.table()).as_bytes())?;
            config.push(format!("metadata_path: \"{FOLDER}/{LABELS}\""));
        }
        if let Some(images) = self.images.as_ref().filter(|images| fits(images)) {
            atomic::write(&folder.join(SPRITE), &png::encode_sprite(images)?)?;
            let (width, height) = (images.width, images.height);
            config.push(format!(
                "sprite {{ image_path: \"{FOLDER}/{SPRITE}\" single_image_dim: {width} single_image_dim: {height} }}"
            ));
        }
        let config = format!("embeddings {{\n  {}\n}}\n", config.join("\n  "));
        // Last: what it names is there.
        Ok(atomic::write(&dir.join(CONFIG), config.as_bytes())?)
    }

    /// Labels by rows, under their headings where there are several columns: TensorBoard takes the first line of a single
    /// column for a label.
    fn table(&self) -> Vec<Vec<String>> {
        let clean = |text: &String| text.replace(['\t', '\n', '\r'], " ");
        let headings = self.labels.iter().map(|(heading, _)| clean(heading)).collect();
        let row =
            |index: usize| self.labels.iter().map(|(_, column)| clean(&column[index])).collect();
        let heading = (self.labels.len() > 1).then_some(headings);
        heading.into_iter().chain((0..self.rows.len()).map(row)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn codes() -> Codes {
        let column =
            |name: &str, values: [&str; 3]| (name.to_owned(), values.map(str::to_owned).to_vec());
        Codes {
            name: "codes of \"test\"".into(),
            rows: vec![vec![1.0, -0.5], vec![0.25, 1e-7], vec![3.0, 4.0]],
            labels: vec![column("class", ["7", "a\tb", "9"]), column("number", ["0", "1", "2"])],
            images: Some(ImageStrip {
                channels: 1,
                height: 2,
                width: 3,
                pixels: (0..18).collect(),
                columns: 1,
            }),
        }
    }

    #[test]
    fn a_row_a_code_with_its_labels_under_headings_and_paths_within_the_run() {
        let dir = tempfile::tempdir().unwrap();
        codes().write(dir.path()).unwrap();
        let read = |file: &str| fs::read_to_string(dir.path().join(file)).unwrap();
        assert_eq!(read("projector/codes.tsv"), "1\t-0.5\n0.25\t0.0000001\n3\t4\n");
        assert_eq!(read("projector/labels.tsv"), "class\tnumber\n7\t0\na b\t1\n9\t2\n");
        let config = read("projector_config.pbtxt");
        for part in [
            r#"tensor_name: "codes of \"test\"""#,
            r#"tensor_path: "projector/codes.tsv""#,
            r#"metadata_path: "projector/labels.tsv""#,
            r#"image_path: "projector/sprite.png" single_image_dim: 3 single_image_dim: 2"#,
        ] {
            assert!(config.contains(part), "{part} in {config}");
        }
        let sprite = image::open(dir.path().join("projector/sprite.png")).unwrap().to_luma8();
        assert_eq!(sprite.dimensions(), (2 * 3, 2 * 2), "two by two, the last one empty");
        let row = |y| (0..6).map(|x| sprite.get_pixel(x, y).0[0]).collect::<Vec<_>>();
        assert_eq!([row(0), row(3)], [vec![0, 1, 2, 6, 7, 8], vec![15, 16, 17, 0, 0, 0]]);
        for file in PROJECTOR_FILES {
            fs::remove_file(dir.path().join(file)).unwrap();
        }
        assert_eq!(fs::read_dir(dir.path().join(FOLDER)).unwrap().count(), 0);
    }

    #[test]
    fn a_single_column_has_no_heading_and_what_is_no_image_no_sprite() {
        let dir = tempfile::tempdir().unwrap();
        let mut codes = codes();
        codes.labels.pop();
        codes.images = None;
        codes.write(dir.path()).unwrap();
        let labels = fs::read_to_string(dir.path().join("projector/labels.tsv")).unwrap();
        assert_eq!(labels, "7\na b\n9\n");
        assert!(!dir.path().join("projector/sprite.png").exists());
    }
}
