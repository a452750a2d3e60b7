//! Folders of images, sound and otherwise.

use super::*;
use crate::testing::assert_says;
use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use std::fs;
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn save(path: &Path, picture: impl Into<DynamicImage>) {
    fs::create_dir_all(path.parent().expect("a file in a folder")).expect("a fresh folder");
    picture.into().save(path).expect("a fresh file");
}

/// Picture `i` is grey, all of value `i`.
fn grey(i: u8, width: u32, height: u32) -> GrayImage {
    GrayImage::from_pixel(width, height, Luma([i]))
}

fn red(width: u32, height: u32) -> RgbImage {
    RgbImage::from_pixel(width, height, Rgb([250, 10, 20]))
}

/// `count` grey PNG files `00.png`, `01.png`, ... of 4x3 pixels.
fn fill(folder: &Path, count: u8) {
    for i in 0..count {
        save(&folder.join(format!("{i:02}.png")), grey(i, 4, 3));
    }
}

fn load_with(folder: &Path, options: &LoadOptions) -> Result<Dataset, DataError> {
    let path = folder.display().to_string();
    load(&format!("folder:{path}"), &path, options)
}

fn load_plain(folder: &Path) -> Result<Dataset, DataError> {
    load_with(folder, &LoadOptions::default())
}

fn sized(height: usize, width: usize) -> LoadOptions {
    LoadOptions { image_size: Some((height, width)), ..LoadOptions::default() }
}

/// The first pixels of all images, sorted, whatever split they are in.
fn first_pixels(dataset: &Dataset) -> Vec<u8> {
    let splits = [&dataset.train, &dataset.validation, &dataset.test];
    let mut all: Vec<u8> =
        splits.iter().flat_map(|split| (0..split.len()).map(|i| split.image(i)[0])).collect();
    all.sort_unstable();
    all
}

#[test]
fn every_image_lands_in_exactly_one_split() {
    let folder = folder();
    fill(folder.path(), 40);
    let dataset = load_plain(folder.path()).expect("sound");
    assert_eq!(dataset.space.shape, ImageShape::new(1, 3, 4));
    assert_eq!([dataset.train.len(), dataset.validation.len(), dataset.test.len()], [29, 3, 8]);
    assert_eq!(first_pixels(&dataset), (0..40).collect::<Vec<u8>>());
    assert_eq!(dataset.classes, None);
    assert_eq!(dataset.train.labels, None);
    assert!(dataset.name.starts_with("folder:"));
}

#[test]
fn ten_images_are_enough_and_nine_are_not() {
    let folder = folder();
    fill(folder.path(), 9);
    assert_says(
        load_plain(folder.path()),
        &["has too few PNG or JPEG images (9); at least 10 are needed"],
    );
    fill(folder.path(), 10);
    let dataset = load_plain(folder.path()).expect("sound");
    assert_eq!([dataset.train.len(), dataset.validation.len(), dataset.test.len()], [7, 1, 2]);
}

#[test]
fn the_same_files_elsewhere_give_the_same_hash() {
    let (a, b) = (folder(), folder());
    fill(a.path(), 12);
    for i in (0..12).rev() {
        save(&b.path().join(format!("{i:02}.png")), grey(i, 4, 3));
    }
    let hash = |folder: &TempDir| load_plain(folder.path()).expect("sound").sha256;
    assert_eq!(hash(&a), hash(&b));
    save(&b.path().join("05.png"), grey(99, 4, 3));
    assert_ne!(hash(&a), hash(&b));
}

#[test]
fn sub_folders_are_classes_in_sorted_order() {
    let folder = folder();
    for (class, first) in [("dog", 100), ("cat", 0), ("ant", 200)] {
        for i in 0..5 {
            save(&folder.path().join(class).join(format!("{i}.PNG")), grey(first + i, 2, 2));
        }
    }
    fs::create_dir(folder.path().join("empty")).expect("a fresh folder");
    fs::write(folder.path().join("notes.txt"), "left out").expect("a fresh file");
    save(&folder.path().join(".hidden/1.png"), grey(1, 9, 9));
    save(&folder.path().join("cat/deeper/1.png"), grey(1, 9, 9));

    let dataset = load_plain(folder.path()).expect("sound");
    assert_eq!(dataset.classes.as_deref().expect("classes"), ["ant", "cat", "dog"]);
    assert_eq!(first_pixels(&dataset).len(), 15);
    for split in [&dataset.train, &dataset.validation, &dataset.test] {
        for (i, label) in split.labels.as_ref().expect("labels").iter().enumerate() {
            let expected = [200, 0, 100][*label as usize];
            assert!((expected..expected + 5).contains(&split.image(i)[0]));
        }
    }
}

#[test]
fn images_both_beside_and_inside_class_folders_are_refused() {
    let folder = folder();
    fill(folder.path(), 10);
    save(&folder.path().join("cat/1.png"), grey(1, 4, 3));
    assert_says(
        load_plain(folder.path()),
        &["00.png", "and inside class folders", "cat", "move all"],
    );
}

#[test]
fn absent_and_empty_folders_are_refused() {
    let folder = folder();
    assert_says(load_plain(&folder.path().join("absent")), &["absent does not exist"]);
    assert_says(load_plain(folder.path()), &["contains no .png, .jpg or .jpeg files"]);
    let file = folder.path().join("file.png");
    save(&file, grey(0, 1, 1));
    assert_says(load_plain(&file), &["file.png is not a folder"]);
}

#[test]
fn too_many_classes_are_refused() {
    let folder = folder();
    for i in 0..=1000 {
        save(&folder.path().join(format!("class{i}/1.png")), grey(1, 1, 1));
    }
    assert_says(load_plain(folder.path()), &["has 1001 class folders, but at most 1000"]);
    // A set that nobody learns classes from has as many folders as it likes.
    let images = read_pictures(folder.path(), &|_| ()).expect("sound");
    assert_eq!(images.len(), 1001);
}

#[test]
fn sizes_that_differ_need_image_size() {
    let folder = folder();
    fill(folder.path(), 12);
    save(&folder.path().join("07.png"), grey(7, 6, 5));
    let parts = ["07.png is 5x6 pixels", "00.png is 3x4", "use --image-size"];
    assert_says(load_plain(folder.path()), &parts);
    let dataset = load_with(folder.path(), &sized(7, 2)).expect("resized");
    assert_eq!(dataset.space.shape, ImageShape::new(1, 7, 2));
    assert_eq!(first_pixels(&dataset), (0..12).collect::<Vec<u8>>(), "flat pictures stay flat");
}

#[test]
fn resizing_averages_instead_of_picking_pixels() {
    let folder = folder();
    for i in 0..10 {
        let stripes = GrayImage::from_fn(64, 64, |x, _| Luma([255 * (x % 2) as u8]));
        save(&folder.path().join(format!("{i}.png")), stripes);
    }
    let dataset = load_with(folder.path(), &sized(8, 8)).expect("resized");
    let near_grey = |&value: &u8| (118..=138).contains(&value);
    assert!(
        dataset.train.bytes().expect("bytes").iter().all(near_grey),
        "{:?}",
        dataset.train.image(0)
    );
}

#[test]
fn image_size_must_be_in_range() {
    let folder = folder();
    fill(folder.path(), 10);
    for (height, width) in [(0, 4), (4, 0), (4, 2049), (usize::MAX, usize::MAX)] {
        let parts = ["--image-size does not fit", "out of range", "from 1 to 2048"];
        assert_says(load_with(folder.path(), &sized(height, width)), &parts);
    }
}

#[test]
fn colour_is_decided_by_the_images_or_by_the_option() {
    let with = |colour| LoadOptions { colour, ..LoadOptions::default() };
    let folder = folder();
    fill(folder.path(), 10);
    let channels = |options: &LoadOptions| {
        load_with(folder.path(), options).expect("sound").space.shape.channels
    };
    assert_eq!(channels(&with(ColourMode::Auto)), 1);
    assert_eq!(channels(&with(ColourMode::Rgb)), 3);
    save(&folder.path().join("05.png"), DynamicImage::ImageLuma8(grey(5, 4, 3)).into_rgb8());
    assert_eq!(channels(&with(ColourMode::Auto)), 1, "grey pixels in a colour file are grey");
    save(&folder.path().join("05.png"), red(4, 3));
    assert_eq!(channels(&with(ColourMode::Auto)), 3);
    assert_eq!(channels(&with(ColourMode::Grey)), 1);
}

#[test]
fn grey_pixels_in_colour_files_equal_grey_files() {
    let (a, b) = (folder(), folder());
    for i in 0..10 {
        let picture = GrayImage::from_fn(4, 3, |x, y| Luma([i * 20 + (x + 4 * y) as u8]));
        save(&a.path().join(format!("{i}.png")), picture.clone());
        let colour = DynamicImage::ImageLuma8(picture).into_rgba8();
        save(&b.path().join(format!("{i}.png")), colour);
    }
    let (a, b) = (load_plain(a.path()), load_plain(b.path()));
    assert_eq!(a.expect("sound").sha256, b.expect("sound").sha256);
}

#[test]
fn colour_images_are_stored_channel_by_channel() {
    let folder = folder();
    for i in 0..10 {
        save(&folder.path().join(format!("{i}.png")), red(2, 1));
    }
    let dataset = load_plain(folder.path()).expect("sound");
    assert_eq!(dataset.space.shape, ImageShape::new(3, 1, 2));
    assert_eq!(dataset.test.image(0), [250, 250, 10, 10, 20, 20]);
}

#[test]
fn transparent_pixels_are_laid_on_white() {
    let folder = folder();
    for i in 0..10 {
        let picture = RgbaImage::from_fn(3, 1, |x, _| Rgba([200, 0, 0, [0, 51, 255][x as usize]]));
        save(&folder.path().join(format!("{i}.png")), picture);
    }
    let dataset = load_plain(folder.path()).expect("sound");
    assert_eq!(dataset.test.image(0), [255, 244, 200, 255, 204, 0, 255, 204, 0]);
}

#[test]
fn jpeg_files_are_read_whatever_their_extension() {
    let folder = folder();
    for i in 0..10 {
        let path = folder.path().join(format!("{i}.{}", ["jpg", "jpeg", "JPG", "png"][i % 4]));
        grey(200, 16, 16).save_with_format(path, ImageFormat::Jpeg).expect("a fresh file");
    }
    let dataset = load_plain(folder.path()).expect("sound");
    assert_eq!(dataset.space.shape, ImageShape::new(1, 16, 16));
    assert!(dataset.train.bytes().expect("bytes").iter().all(|value| value.abs_diff(200) < 3));
}

#[test]
fn damaged_images_are_named() {
    let folder = folder();
    fill(folder.path(), 12);
    let victim = folder.path().join("03.png");
    let sound = fs::read(&victim).expect("it is there");
    let check = |bytes: &[u8], fault: &str| {
        fs::write(&victim, bytes).expect("a file");
        assert_says(
            load_plain(folder.path()),
            &["03.png ", fault, "remove it, or convert it to a valid PNG"],
        );
    };
    check(b"hello", "is neither a PNG nor a JPEG file");
    check(b"", "is neither a PNG nor a JPEG file");
    check(b"GIF89a.................", "is neither a PNG nor a JPEG file");
    check(&sound[..20], "cannot be decoded");
    check(&sound[..sound.len() - 20], "cannot be decoded");
    check(&[0xff, 0xd8, 0xff, 0xe0, 0, 1], "cannot be decoded");
    let mut huge = sound.clone();
    huge[16..20].copy_from_slice(&70_000_u32.to_be_bytes());
    check(&huge, "03.png ");
}

#[test]
fn a_jpeg_file_that_is_cut_off_is_named() {
    let folder = folder();
    fill(folder.path(), 12);
    let victim = folder.path().join("03.png");
    let stripes = GrayImage::from_fn(64, 64, |x, y| image::Luma([(x * 31 + y * 17) as u8]));
    stripes.save_with_format(&victim, ImageFormat::Jpeg).expect("a fresh file");
    let sound = fs::read(&victim).expect("it is there");
    let sized = sized(16, 16);
    for trailing in [&[][..], b"notes"] {
        fs::write(&victim, [&sound[..], trailing].concat()).expect("a file");
        load_with(folder.path(), &sized).expect("sound");
    }
    for cut in [sound.len() * 3 / 4, sound.len() - 2] {
        fs::write(&victim, &sound[..cut]).expect("a file");
        assert_says(load_with(folder.path(), &sized), &["03.png is cut off"]);
    }
}

#[test]
fn a_picture_beyond_8192_pixels_is_refused_before_it_is_decoded() {
    let folder = folder();
    fill(folder.path(), 12);
    save(&folder.path().join("04.png"), grey(0, 8193, 1));
    assert_says(load_with(folder.path(), &sized(4, 4)), &["04.png is larger than 8192x8192"]);
}

#[test]
fn the_first_file_in_path_order_is_blamed() {
    let folder = folder();
    fill(folder.path(), 30);
    for i in [25, 11, 18] {
        fs::write(folder.path().join(format!("{i}.png")), "broken").expect("a file");
    }
    for _ in 0..5 {
        assert_says(load_plain(folder.path()), &["11.png "]);
    }
}

#[test]
fn more_than_the_memory_limit_is_refused() {
    let shape = ImageShape::new(3, 2048, 2048);
    let folder = Path::new("big");
    assert!(check_memory(folder, 682, shape, MAX_BYTES).is_ok());
    let parts =
        ["folder big has 683 images of 3x2048x2048, which take more than 8 GiB", "--image-size"];
    assert_says(check_memory(folder, 683, shape, MAX_BYTES), &parts);
    assert_says(check_memory(folder, usize::MAX, shape, MAX_BYTES), &["more than 8 GiB"]);
}

#[test]
fn a_camera_picture_on_its_side_is_turned_upright() {
    let folder = folder();
    for i in 0..10 {
        let path = folder.path().join(format!("{i}.jpg"));
        grey(90, 16, 8).save(&path).expect("a fresh file");
        let mut bytes = fs::read(&path).expect("it is there");
        // An Exif segment after the start marker whose one entry says "rotate by 90 degrees".
        let exif = b"\xff\xe1\x00\x22Exif\0\0MM\x00\x2a\x00\x00\x00\x08\x00\x01\
                     \x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00";
        bytes.splice(2..2, exif.iter().copied());
        fs::write(&path, bytes).expect("a file");
    }
    let dataset = load_plain(folder.path()).expect("sound");
    assert_eq!(dataset.space.shape, ImageShape::new(1, 16, 8));
}

#[test]
fn a_set_of_pictures_is_read_whole_in_path_order_and_as_it_is() {
    let folder = folder();
    for i in 0..3 {
        save(&folder.path().join(format!("{i}.png")), grey(10 * i, 4, 2));
    }
    let images = read_pictures(folder.path(), &|_| ()).expect("sound");
    assert_eq!((images.len(), images.shape()), (3, ImageShape::new(1, 2, 4)));
    let first: Vec<u8> = (0..3).map(|i| images.image(i)[0]).collect();
    assert_eq!(first, (0..3).map(|i| grey(10 * i, 4, 2).as_raw()[0]).collect::<Vec<_>>());

    save(&folder.path().join("3.png"), grey(0, 4, 3));
    assert_says(
        read_pictures(folder.path(), &|_| ()),
        &["3.png is 3x4 pixels", "resize all images to the same size"],
    );
    assert_says(read_pictures(&folder.path().join("absent"), &|_| ()), &["absent does not exist"]);
    let empty = self::folder();
    assert_says(read_pictures(empty.path(), &|_| ()), &["contains no .png, .jpg or .jpeg files"]);
}

#[test]
fn folders_called_like_splits_are_no_classes() {
    let folder = folder();
    for split in ["train", "Test"] {
        fill(&folder.path().join(split), 12);
    }
    assert_says(
        load_plain(folder.path()),
        &["called like splits (Test, train)", "give one of them, such as folder:", "Test"],
    );
    fill(&folder.path().join("cats"), 12);
    assert!(load_plain(folder.path()).is_ok(), "one class of three may be called so");
}

#[test]
fn what_is_passed_over_is_told_in_one_line() {
    let folder = folder();
    fill(folder.path(), 12);
    let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let load_telling = || {
        let told = told.clone();
        let notice = move |line: &str| told.lock().expect("one thread").push(line.to_owned());
        let options = LoadOptions { notice: Some(Box::new(notice)), ..LoadOptions::default() };
        load_with(folder.path(), &options).expect("sound");
    };
    load_telling();
    assert!(told.lock().expect("one thread").is_empty(), "there is nothing to tell");
    for other in ["b.webp", "c.bmp", ".hidden"] {
        fs::write(folder.path().join(other), "other").expect("a fresh file");
    }
    load_telling();
    let told = told.lock().expect("one thread");
    let [line] = &told[..] else { panic!("{told:?}") };
    assert!(line.contains("2 entries that are no .png, .jpg or .jpeg files, such as b.webp"));
    let other = self::folder();
    fs::write(other.path().join("a.bmp"), "other").expect("a fresh file");
    assert_says(load_plain(other.path()), &["convert files such as", "a.bmp to PNG"]);
}

#[cfg(unix)]
#[test]
fn a_pipe_called_like_a_picture_is_refused_and_not_waited_for() {
    let folder = folder();
    fill(folder.path(), 12);
    let pipe = folder.path().join("pipe.png");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo is there").success());
    assert_says(load_plain(folder.path()), &["pipe.png: it is a pipe or a device and no file"]);
}

#[test]
fn grey_with_transparency_is_laid_on_white_as_grey_in_colour_is() {
    let folder = folder();
    let pixel = |x: u32, y: u32| [(x * 40 + y) as u8, (y * 60 + x * 3) as u8];
    let grey = image::GrayAlphaImage::from_fn(6, 4, |x, y| image::LumaA(pixel(x, y)));
    let colour = image::RgbaImage::from_fn(6, 4, |x, y| {
        let [value, alpha] = pixel(x, y);
        image::Rgba([value, value, value, alpha])
    });
    save(&folder.path().join("a.png"), grey);
    save(&folder.path().join("b.png"), colour);
    let images = read_pictures(folder.path(), &|_| ()).expect("sound");
    assert_eq!(images.shape().channels, 1);
    assert_eq!(images.image(0), images.image(1));
}

#[test]
fn the_first_images_of_a_split_are_of_all_classes() {
    let folder = folder();
    for class in 0..4 {
        for i in 0..50 {
            save(&folder.path().join(format!("{class}/{i:02}.png")), grey(i, 1, 1));
        }
    }
    let dataset = load_plain(folder.path()).expect("sound");
    for split in [&dataset.train, &dataset.test] {
        let first = split.take(split.len() / 2).labels.expect("labels");
        let mut counts = [0; 4];
        for label in &first {
            counts[*label as usize] += 4;
        }
        for count in counts {
            assert!((first.len() / 2..=first.len() * 2).contains(&count), "{counts:?}");
        }
    }
}
