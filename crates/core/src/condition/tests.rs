//! What is told goes with its rows, and is refused where it is not there or not read.

use super::*;
use crate::{
    noise::{Phase, Seed},
    space::Space,
    testing,
};

fn points(classes: Option<usize>, past: Option<usize>) -> InitContext {
    InitContext { classes, past, ..testing::context(Space::points(2, 0.0, 1.0)) }
}

fn classes(condition: Condition) -> Vec<i32> {
    let classes = condition.classes.expect("classes").into_data();
    classes.try_into_vec::<i32>().expect("i32")
}

#[test]
fn rows_are_told_or_dropped_one_by_one() {
    let device = Device::flex();
    let condition = Condition::of_classes(&[3, 1, 4, 1], &device);
    assert_eq!(classes(condition.rows(1..3)), [1, 4]);
    let noise = Seed(0).during(Phase::Train);
    let whole = Condition::of_classes(&[7; 1000], &device);
    let dropped = classes(whole.clone().dropped(0.2, noise, 0..1000));
    let untold = dropped.iter().filter(|class| **class == UNTOLD).count();
    assert!((150..250).contains(&untold), "{untold}");
    let part = classes(whole.rows(0..10).dropped(0.2, noise, 500..510));
    assert_eq!(part, dropped[500..510], "a row is dropped wherever it is drawn");
    assert_eq!(classes(condition.dropped(0.0, noise, 0..4)), [3, 1, 4, 1]);
}

#[test]
fn a_dataset_without_classes_cannot_tell_them() {
    let class = ConditionConfig::Class;
    let told = Conditions { classes: Some(7), ..Conditions::default() };
    assert_eq!(class.conditions("condition", &points(Some(7), None)), Ok(told));
    let fault =
        class.conditions("condition", &points(None, Some(3))).expect_err("no classes").to_string();
    assert!(fault.starts_with("condition is class, but the dataset has no classes"), "{fault}");
    let none = ConditionConfig::None.conditions("condition", &points(None, None));
    assert_eq!(none, Ok(Conditions::default()));
}

#[test]
fn a_past_is_told_where_there_is_one_and_to_models_that_read_it() {
    let past = ConditionConfig::Past;
    let told = past.conditions("condition", &points(Some(7), Some(24))).expect("a past");
    assert_eq!(told, Conditions { past: Some(24), ..Conditions::default() });
    let fault =
        past.conditions("condition", &points(Some(7), None)).expect_err("no past").to_string();
    assert!(fault.starts_with("condition is past, but the dataset's values have none"), "{fault}");
    let fault = told.of_classes_or_captions("condition").expect_err("a past").to_string();
    assert!(fault.contains("can be told classes or captions alone"), "{fault}");
}

#[test]
fn a_low_resolution_is_told_of_images_that_are_larger() {
    let told = |factor, space| {
        let context = testing::context(space);
        ConditionConfig::LowResolution { factor }.conditions("condition", &context)
    };
    let images = Space::images(crate::shape::ImageShape::new(1, 6, 9));
    let low = told(3, images).expect("images");
    assert_eq!(low, Conditions { low_resolution: Some(3), ..Conditions::default() });
    let fault = told(7, images).expect_err("too small").to_string();
    assert!(fault.starts_with("condition.factor is 7; it must be from 2 to 6"), "{fault}");
    let fault = told(2, Space::points(2, 0.0, 1.0)).expect_err("no images").to_string();
    assert!(fault.starts_with("condition is low-resolution, but the values are points"), "{fault}");
    let fault = low.of_classes_or_captions("condition").expect_err("an image").to_string();
    assert!(fault.contains("reads no second image"), "{fault}");
}

#[test]
fn pasts_go_with_their_rows_and_are_dropped_where_classes_would_be() {
    let device = Device::flex();
    let numbers = Tensor::<1>::from_floats([1.0, 2.0, 3.0, 4.0], &device).reshape([2, 2]);
    let host = |x: Tensor<2>| x.into_data().try_into_vec::<f32>().expect("f32");
    let condition = Condition::of_past(numbers);
    let second = condition.rows(1..2).repeated(2).past.expect("a past");
    assert_eq!(host(second.numbers), [3.0, 4.0, 3.0, 4.0]);
    let noise = Seed(0).during(Phase::Train);
    let many = condition.rows(0..1).repeated(1000).dropped(0.2, noise, 0..1000);
    let told = many.past.expect("a past").told.into_data();
    let told = told.try_into_vec::<f32>().expect("f32");
    let dropped = classes(Condition::of_classes(&[7; 1000], &device).dropped(0.2, noise, 0..1000));
    for (told, class) in told.iter().zip(dropped) {
        assert_eq!(*told, f32::from(u8::from(class != UNTOLD)));
    }
}

#[test]
fn captions_are_told_where_there_are_words_and_dropped_to_nothing() {
    let caption = ConditionConfig::Caption(CaptionConfig::default());
    let context = testing::context(Space::images(crate::shape::ImageShape::new(3, 8, 8)));
    let told = caption.conditions("condition", &context).expect("words");
    assert_eq!(told.captions.map(|captions| captions.words), context.words);
    let silent = InitContext { words: None, ..context };
    let fault = caption.conditions("condition", &silent).expect_err("no words").to_string();
    assert!(fault.starts_with("condition is caption, but the dataset has no captions"), "{fault}");
    let fault = told.without_captions("condition", "network mlp", "set network to u-net");
    let fault = fault.expect_err("captions").to_string();
    assert!(fault.starts_with("condition is caption, but network mlp reads no words"), "{fault}");

    let host = |condition: Condition| {
        let words = condition.captions.expect("captions").into_data();
        words.try_into_vec::<i32>().expect("i32")
    };
    let words = Tensor::from_ints([[2, 3, 0], [4, 5, 6]], &Device::flex());
    let condition = Condition::of_captions(words);
    assert_eq!(host(condition.rows(1..2).repeated(2)), [4, 5, 6, 4, 5, 6]);
    let many = condition.rows(1..2).repeated(1000);
    let dropped = many.dropped(0.2, Seed(0).during(Phase::Train), 0..1000);
    let wrong = condition.others().expect("two captions");
    assert_eq!(host(wrong), [4, 5, 6, 2, 3, 0], "each has another's");
    assert!(condition.rows(0..1).others().is_none(), "there is no other");
    assert!(Condition::default().others().is_none());
    let untold = host(dropped).chunks(3).filter(|row| *row == [0, 0, 0]).count();
    assert!((150..250).contains(&untold), "{untold}");
}

#[test]
fn a_control_goes_with_its_rows_and_is_never_dropped() {
    let device = Device::flex();
    let host = |condition: &Condition| {
        let control = condition.control.clone().expect("a control").into_data();
        control.try_into_vec::<f32>().expect("f32")
    };
    let control = Tensor::<1>::from_floats([1.0, 0.0, 0.0, 1.0], &device).reshape([2, 1, 1, 2]);
    let condition = Condition::of_control(control);
    assert!(!condition.is_empty());
    assert_eq!(host(&condition.rows(1..2).repeated(2)), [0.0, 1.0, 0.0, 1.0]);
    let swapped = condition.select(&Tensor::from_ints([1, 0], &device));
    assert_eq!(host(&swapped), [0.0, 1.0, 1.0, 0.0]);
    let dropped = condition.clone().dropped(0.9, Seed(0).during(Phase::Train), 0..2);
    assert_eq!(host(&dropped), host(&condition));
}

#[test]
fn without_control_a_model_can_go_without_what_it_could_before() {
    let classes = Conditions { classes: Some(7), ..Conditions::default() };
    for (conditions, optional) in
        [(Conditions::default(), true), (classes, false), (classes.with_dropout(0.1), true)]
    {
        let controlled = conditions.with_control(ControlKind::Mask);
        assert_eq!((controlled.control, controlled.optional), (Some(ControlKind::Mask), optional));
        assert_eq!(controlled.classes, conditions.classes);
    }
}
