//! Archives that NumPy wrote (tests/oracles/npz.py).

use super::*;
use genlab_core::Kind;
use std::path::PathBuf;

fn fixture(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oracles/fixtures/npz");
    folder.join(format!("{name}.npz"))
}

fn fault(name: &str) -> String {
    read_npz(&fixture(name)).unwrap_err().to_string()
}

/// The `i`-th value of every archive, in row-major order.
fn levels(count: usize) -> Vec<u8> {
    (0..count).map(|i| (i * 37 % 256) as u8).collect()
}

#[test]
fn every_type_and_order_that_is_read_gives_the_same_images() {
    for name in ["u8", "u8-compressed", "f4", "f4-big", "f8-fortran", "f8-big"] {
        let images = read_npz(&fixture(name)).unwrap();
        assert_eq!(images.shape(), ImageShape::new(1, 2, 4), "{name}");
        assert_eq!(images.bytes().unwrap(), levels(24), "{name}");
    }
    for name in ["u8-colour", "u8-colour-fortran"] {
        let images = read_npz(&fixture(name)).unwrap();
        assert_eq!((images.len(), images.shape()), (3, ImageShape::new(3, 2, 4)), "{name}");
        assert_eq!(images.bytes().unwrap(), levels(72), "{name}");
    }
}

#[test]
fn a_type_or_range_that_cannot_be_interpreted_is_refused() {
    for (name, expected) in [
        ("u16", "images of type <u2, whose range is not known; save uint8 values"),
        ("i64", "images of type <i8"),
        ("f2", "images of type <f2"),
        ("bool", "images of type |b1"),
        ("records", "contains records, not numbers"),
        ("negative", "contains the value -1 in image 0, outside [0, 1]; save uint8 values"),
        ("large", "contains the value 37 in image 0, outside [0, 1]"),
        ("nan", "contains a value that is not finite (NaN) in image 0"),
        (
            "ones",
            "only the uint8 values 0 and 1, which may stand for black and white; multiply them",
        ),
    ] {
        let fault = fault(name);
        assert!(fault.contains(expected), "{name}: {fault}");
        assert!(!fault.contains('\n'), "{name}: {fault}");
    }
}

#[test]
fn a_shape_that_is_not_a_set_of_images_is_refused() {
    for (name, expected) in [
        ("flat", "images of shape (3, 8); save images as [N, H, W]"),
        (
            "channels-last",
            "images of shape (3, 2, 4, 3), with the channels last; move the channels",
        ),
        ("two-channels", "images of shape (3, 2, 2, 4)"),
        ("empty", "contains no images"),
        ("other-name", "has no array called images (it contains samples, labels)"),
    ] {
        let fault = fault(name);
        assert!(fault.contains(expected), "{name}: {fault}");
    }
}

const REALS: Space = Space::points(2, 0.0, 1.0);

#[test]
fn floats_of_every_type_and_order_are_read_as_they_are() {
    let series = Space { shape: ImageShape::new(2, 1, 4), kind: Kind::Series, ..REALS };
    for name in ["f4", "f4-big", "f8-fortran", "f8-big"] {
        let values = read_npz_values(&fixture(name), series).unwrap();
        assert_eq!((values.len(), values.space), (3, series), "{name}");
        let expected: Vec<f32> = levels(24).iter().map(|&v| f32::from(v) / 255.0).collect();
        assert_eq!(values.to_f32(), expected, "{name}");
    }
    let fault = read_npz_values(&fixture("nan"), series).unwrap_err().to_string();
    assert!(fault.contains("not finite in 32 bits (NaN); save finite floats of shape [N, 2, 4]"));
}

#[test]
fn what_are_no_values_of_the_space_is_refused_with_the_shape_that_it_needs() {
    for (name, dimensions, expected) in [
        ("f4", 8, "has values of shape (3, 2, 4); save finite floats of shape [N, 8] with numpy"),
        ("flat", 2, "has values of shape (3, 8); save finite floats of shape [N, 2] with numpy"),
        (
            "flat",
            8,
            "contains bytes, which are levels of images; save finite floats of shape [N, 8]",
        ),
        ("i64", 8, "contains images of type <i8, whose range is not known; save finite floats"),
        ("other-name", 2, "has no array called images (it contains samples, labels); save finite"),
    ] {
        let space = Space::points(dimensions, 0.0, 1.0);
        let fault = read_npz_values(&fixture(name), space).unwrap_err().to_string();
        assert!(fault.contains(expected), "{name}: {fault}");
    }
}

#[test]
fn damaged_archives_end_in_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("damaged.npz");
    let whole = std::fs::read(fixture("u8")).unwrap();
    for length in (0..whole.len()).step_by(7) {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert!(read_npz(&path).is_err(), "{length} bytes");
    }
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x55;
        std::fs::write(&path, bytes).unwrap();
        // A changed date does no harm; what matters is that nothing panics.
        if let Ok(images) = read_npz(&path) {
            assert_eq!(images.bytes().unwrap(), levels(24), "byte {place}");
        }
    }
    let absent = read_npz(&dir.path().join("absent.npz")).unwrap_err().to_string();
    assert!(absent.contains("cannot read") && absent.contains("absent.npz"), "{absent}");
}
