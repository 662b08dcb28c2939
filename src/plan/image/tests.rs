//! Pictures of each format, whole, cut, damaged, and files that are none.

use super::*;

fn part(mark: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len() + 2).expect("short").to_be_bytes();
    [&[0xff, mark], &length[..], bytes].concat()
}

fn exif(little: bool, how: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0".to_vec();
    exif.extend(if little { *b"II*\0\x08\0\0\0\x01\0" } else { *b"MM\0*\0\0\0\x08\0\x01" });
    exif.extend(if little {
        [0x12, 1, 3, 0, 1, 0, 0, 0, how, 0, 0, 0]
    } else {
        [1, 0x12, 0, 3, 0, 0, 0, 1, 0, how, 0, 0]
    });
    exif
}

/// A block with a table of the place: latitude and longitude in degrees.
fn gps(degrees: u8) -> Vec<u8> {
    let mut block = b"Exif\0\0MM\0*\0\0\0\x08".to_vec();
    block.extend(b"\0\x01\x88\x25\0\x04\0\0\0\x01\0\0\0\x1a\0\0\0\0");
    let entry = |tag: u8, at: u8| [&[0, tag, 0, 5, 0, 0, 0, 1, 0, 0, 0], &[at][..]].concat();
    block.extend([&b"\0\x02"[..], &entry(2, 56), &entry(4, 64), b"\0\0\0\0"].concat());
    for _ in 0..2 {
        block.extend([0, 0, 0, degrees, 0, 0, 0, 1]);
    }
    block
}

/// The frame header of 16 by 8 pixels in so many components.
fn frame(mark: u8, components: u8) -> Vec<u8> {
    let mut bytes = vec![8, 0, 8, 0, 16, components];
    (1..=components).for_each(|number| bytes.extend([number, 0x11, 0]));
    part(mark, &bytes)
}

fn scan_header(components: u8) -> Vec<u8> {
    let mut bytes = vec![components];
    (1..=components).for_each(|number| bytes.extend([number, 0]));
    bytes.extend([0, 63, 0]);
    part(0xda, &bytes)
}

fn jpeg_of(parts: &[&[u8]]) -> Vec<u8> {
    [&[0xff, 0xd8][..], &parts.concat(), &[0xff, 0xd9]].concat()
}

const CODED: &[u8] = b"\x12\x34\xff\0\x56\x78\x9a\xbc";

fn jpeg(components: u8, told: &[u8]) -> Vec<u8> {
    let told = if told.is_empty() { Vec::new() } else { part(0xe1, told) };
    jpeg_of(&[&told, &frame(0xc0, components), &scan_header(components), CODED])
}

fn chunk(name: &[u8; 4], bytes: &[u8]) -> Vec<u8> {
    let mut chunk = u32::try_from(bytes.len()).expect("short").to_be_bytes().to_vec();
    chunk.extend([&name[..], bytes].concat());
    let mut sum = !0_u32;
    for byte in [&name[..], bytes].concat() {
        sum ^= u32::from(byte);
        (0..8).for_each(|_| sum = if sum & 1 == 1 { 0xedb8_8320 ^ (sum >> 1) } else { sum >> 1 });
    }
    chunk.extend((!sum).to_be_bytes());
    chunk
}

fn png_sized(width: u32, height: u32, extra: &[u8]) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), b"\x08\x02\0\0\0"].concat();
    let parts =
        [&chunk(b"IHDR", &header)[..], extra, &chunk(b"IDAT", b"\x78\x9c\x03\0\0\0\0\x01"), &chunk(b"IEND", b"")];
    [png::SIGNATURE, &parts.concat()].concat()
}

fn png(extra: &[u8]) -> Vec<u8> {
    png_sized(3, 2, extra)
}

fn gif(frames: usize) -> Vec<u8> {
    let mut file = b"GIF89a\x03\0\x02\0\x80\0\0\0\0\0\xff\xff\xff".to_vec();
    for _ in 0..frames {
        file.extend(b"\x21\xf9\x04\0\0\0\0\0\x2c\0\0\0\0\x03\0\x02\0\0\x02\x02\x84\x51\0");
    }
    file.push(0x3b);
    file
}

fn what(bytes: &[u8]) -> String {
    match look(bytes) {
        Ok(picture) => format!("{picture:?}"),
        Err(odd) => odd.what,
    }
}

#[test]
fn whole_pictures_are_told_from_their_bytes() {
    let seen = |bytes: &[u8]| look(bytes).map(|picture| (picture.pixels, picture.turned, picture.moving));
    assert_eq!(seen(&png(b"")), Ok(((3, 2), false, false)));
    assert_eq!(seen(&png(&chunk(b"acTL", &[0; 8]))), Ok(((3, 2), false, true)));
    assert_eq!(seen(&gif(1)), Ok(((3, 2), false, false)));
    assert_eq!(seen(&gif(3)), Ok(((3, 2), false, true)));
    for little in [true, false] {
        assert_eq!(seen(&jpeg(3, &exif(little, 1))), Ok(((16, 8), false, false)));
        assert_eq!(seen(&jpeg(3, &exif(little, 6))), Ok(((16, 8), true, false)));
    }
    assert_eq!(seen(&png(&chunk(b"eXIf", &exif(true, 6)[6..]))), Ok(((3, 2), true, false)));
}

/// What many programs write and every reader takes.
#[test]
fn odd_and_whole_pictures_are_whole() {
    let thumbnail = jpeg(3, b"");
    let in_a_block = [&exif(true, 1)[..], &thumbnail].concat();
    let restarts = [&part(0xdd, &[0, 1])[..], &frame(0xc0, 3), &scan_header(3), b"\x12\x34\xff\xd0\x56\x78"].concat();
    let spectral =
        [&frame(0xc2, 3)[..], &scan_header(3), CODED, &scan_header(1), CODED, &part(0xc4, b""), &scan_header(1)];
    let whole: [(&str, Vec<u8>); 13] = [
        ("a thumbnail with an end mark of its own", jpeg(3, &in_a_block)),
        ("a film behind the end mark", [&jpeg(3, b"")[..], b"\0\0\0\x18ftypmp42 and the film"].concat()),
        ("a second picture behind the end mark", [jpeg(3, b""), jpeg(3, b"")].concat()),
        ("zeros behind the end mark", [&jpeg(3, b"")[..], &[0; 5_000]].concat()),
        (
            "fill bytes in front of a mark",
            jpeg_of(&[b"\xff\xff", &frame(0xc0, 1), &scan_header(1), CODED, b"\xff\xff"]),
        ),
        (
            "a few stray bytes between parts",
            jpeg_of(&[&part(0xe0, b"JFIF\0"), b"\0\0", &frame(0xc0, 1), &scan_header(1), CODED]),
        ),
        ("marks of restarts", jpeg_of(&[&restarts])),
        ("progressive, in several scans", jpeg_of(&[&spectral.concat(), CODED])),
        ("a remark", jpeg_of(&[&part(0xfe, b"\xff\xd9"), &frame(0xc0, 3), &scan_header(3), CODED])),
        ("a PNG with text behind its end", [&png(b"")[..], b"left over"].concat()),
        ("a PNG whose remark has a wrong sum", png(b"\0\0\0\x02tEXtab\0\0\0\0")),
        ("a GIF filled up with empty bytes", [&gif(1)[..gif(1).len() - 1], b"\0\0\x3b"].concat()),
        ("a GIF with something behind its end", [&gif(2)[..], b"\r\n"].concat()),
    ];
    for (name, bytes) in whole {
        assert!(look(&bytes).is_ok(), "{name}: {}", what(&bytes));
    }
}

#[test]
fn a_picture_that_is_cut_off_anywhere_is_damaged() {
    let behind = [&jpeg(3, b"")[..], &jpeg(3, b"")].concat();
    for whole in [jpeg(1, b""), jpeg(3, &exif(true, 6)), jpeg(4, &gps(37)), gif(1), gif(3), png(&chunk(b"tEXt", b"a"))]
    {
        assert!(look(&whole).is_ok());
        for at in 1..whole.len() {
            let Err(odd) = look(&whole[..at]) else { panic!("{at} of {} bytes pass", whole.len()) };
            assert!(odd.what.starts_with("damaged") || at < 8, "{at}: {}", odd.what);
            assert!(at < 20 || odd.what.contains("ends in the middle"), "{at}: {}", odd.what);
        }
    }
    // Behind the end mark nothing matters.
    let first = jpeg(3, b"").len();
    assert!((first..behind.len()).all(|at| look(&behind[..at]).is_ok()));
}

#[test]
fn damaged_pictures_are_told_apart() {
    let edit = |mut bytes: Vec<u8>, at: usize, value: u8| {
        bytes[at] = value;
        bytes
    };
    let at = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).position(|window| window == part).expect("there");
    let (one, drawn) = (jpeg(3, b""), png(b""));
    let restart = |coded: &[u8]| jpeg_of(&[&part(0xdd, &[0, 1]), &frame(0xc0, 3), &scan_header(3), coded]);
    let sized = |width: u16| {
        let [high, low] = width.to_be_bytes();
        jpeg_of(&[&part(0xc0, &[8, 0x20, 0, high, low, 1, 1, 0x11, 0]), &scan_header(1), CODED])
    };
    let converted: Vec<u8> = (20..60).flat_map(|n| [b'\r', b'\n', n]).collect();
    let table: [(Vec<u8>, &str); 21] = [
        (jpeg_of(&[]), "ends before its pixels begin"),
        (jpeg_of(&[&frame(0xc0, 3)]), "ends before its pixels begin"),
        (jpeg_of(&[&scan_header(3), CODED]), "begin before its size"),
        (jpeg_of(&[&frame(0xc0, 3), &frame(0xc0, 3)]), "size twice"),
        (jpeg_of(&[&frame(0xc0, 3), &scan_header(3), CODED, b"\xff\xd8"]), "second picture begins inside"),
        (jpeg_of(&[&frame(0xc0, 3), &scan_header(3)]), "pixels is missing"),
        (jpeg_of(&[&part(0xe0, b""), &[7; 300], &frame(0xc0, 3), &scan_header(3), CODED]), "not as long as it says"),
        (restart(b"\x12\x34"), "pixels is missing"),
        (restart(b"\x12\x34\xff\xd1\x56\x78"), "pixels is missing"),
        (sized(0x2000), "pixels is missing"),
        (edit(one.clone(), at(&one, b"\xff\xc0") + 6, 0), "its size is nothing"),
        (edit(drawn.clone(), at(&drawn, b"IDAT") + 6, 9), "altered"),
        (edit(drawn.clone(), at(&drawn, b"IHDR") + 4, 9), "altered"),
        (edit(drawn.clone(), at(&drawn, b"IDAT"), 0), "not as long as it says"),
        (edit(drawn.clone(), at(&drawn, b"IHDR") - 1, 200), "ends in the middle"),
        (png_sized(0, 2, b""), "its size is nothing"),
        ([png::SIGNATURE, &chunk(b"IEND", b"")].concat(), "size does not come first"),
        ([&drawn[..33], &chunk(b"IEND", b"")].concat(), "ends before its pixels begin"),
        (gif(0), "ends before its pixels begin"),
        (edit(gif(1), 19 + 8, 0x77), "not as long as it says"),
        ([&jpeg(3, b"")[..20], &converted].concat(), "line ends were converted"),
    ];
    for (bytes, says) in table {
        assert!(what(&bytes).starts_with("damaged: ") && what(&bytes).contains(says), "{says}: {}", what(&bytes));
    }
    assert!(what(&png_sized(60_000, 60_000, b"")).contains("60000 × 60000 pixels"));
    for (mark, says) in [(0xc3, "lossless"), (0xc9, "arithmetic"), (0xf7, "JPEG-LS"), (0xc5, "rare kind")] {
        assert!(what(&jpeg_of(&[&frame(mark, 3), &scan_header(3), CODED])).contains(says), "{says}");
    }
}

#[test]
fn print_colours_and_places_are_seen() {
    let tells = |bytes: &[u8]| look(bytes).map(|picture| (picture.print_colours, picture.place));
    let xmp = |says: &str| [b"http://ns.adobe.com/xap/1.0/\0", says.as_bytes()].concat();
    let table = [
        (jpeg(4, b""), (true, false)),
        (jpeg(1, b""), (false, false)),
        (jpeg(3, &gps(37)), (false, true)),
        (jpeg(3, &gps(0)), (false, false)),
        (jpeg(3, &gps(37)[..30]), (false, false)),
        (jpeg(3, &exif(true, 1)), (false, false)),
        (jpeg(3, &xmp("<x exif:GPSLatitude=\"37,33.9N\"/>")), (false, true)),
        (jpeg(3, &xmp("<exif:GPSLatitude>37,33.9N</exif:GPSLatitude>")), (false, true)),
        (jpeg(3, &xmp("<x exif:GPSLatitude=\"\" exif:GPSLatitudeRef='N'/>")), (false, false)),
        (png(&chunk(b"eXIf", &gps(37)[6..])), (false, true)),
        (png(&chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x exif:GPSLatitude='1,2N'/>")), (false, true)),
        (png(&chunk(b"tEXt", b"Comment\0GPSLatitude='1'")), (false, false)),
        (gif(1), (false, false)),
    ];
    for (n, (bytes, expected)) in table.iter().enumerate() {
        assert_eq!(tells(bytes), Ok(*expected), "case {n}");
    }
}

#[test]
// tidy: long-function because it is one table of what files are, with a line for each
fn what_is_no_picture_is_called_by_its_name() {
    let bytes = |text: &str| text.as_bytes().to_vec();
    let boxed = |names: &str| [&[0, 0, 0, 24], b"ftyp".as_slice(), names.as_bytes(), &[0; 40]].concat();
    let lfs = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n";
    let table: Vec<(Vec<u8>, &str, &str)> = vec![
        (bytes(""), "empty", "copy"),
        (vec![0; 5_000], "filled with zeros", "copy"),
        (bytes(lfs), "a Git LFS pointer", "git lfs pull"),
        (bytes("/annex/objects/SHA256E-s348--ab.jpg\n"), "a git-annex pointer", "git annex get"),
        (bytes("../.git/annex/objects/a/b/SHA256E-s348--ab.jpg"), "a git-annex pointer", "git annex get"),
        (bytes("\0GITCRYPT\0\x01\x02"), "encrypted by git-crypt", "git-crypt unlock"),
        (
            bytes("../shared/images/latte.jpg"),
            "a text that names another file (`../shared/images/latte.jpg`)",
            "symlinks",
        ),
        (bytes("\n  <!DOCTYPE html>\n<html><title>404</title>"), "a web page (HTML)", "browser"),
        (bytes("\u{feff}<HTML><body>"), "a web page (HTML)", "browser"),
        (bytes("<?xml version='1.0'?><!DOCTYPE html><html xmlns=''>"), "a web page (HTML)", "browser"),
        (bytes("<?xml version='1.0'?>\n<Error><Code>AccessDenied</Code></Error>"), "an XML text", "browser"),
        (bytes("{\"error\": \"not found\"}"), "a JSON text", "browser"),
        (bytes("HTTP/1.1 200 OK\r\n\r\n\u{1}"), "the answer of a web server", "browser"),
        (bytes("Not found"), "a text", "copy"),
        (bytes("\n\n"), "a text of nothing but blanks", "copy"),
        (b"\xff\xfeh\0i\0".to_vec(), "a text", "copy"),
        (bytes("<svg xmlns='http://www.w3.org/2000/svg'>"), "an SVG drawing", "PNG"),
        (bytes("<?xml version='1.0'?><!-- by hand --><svg>"), "an SVG drawing", "PNG"),
        (bytes("data:image/png;base64,iVBOR"), "a picture written as a data URL", "base64"),
        (bytes("/9j/4AAQSkZJRg"), "a picture written as base64", "base64"),
        (b"RIFF\x10\0\0\0WEBPVP8 ".to_vec(), "a WebP picture", "image program"),
        (boxed("heic\0\0\0\0mif1heic"), "a HEIC picture", "Most Compatible"),
        (boxed("mif1\0\0\0\0mif1heic"), "a HEIC picture", "image program"),
        (boxed("avif\0\0\0\0avifmif1"), "an AVIF picture", "image program"),
        (boxed("mif1\0\0\0\0avifmif1"), "an AVIF picture", "image program"),
        (boxed("qt  \0\0\0\0qt      "), "a film (QuickTime)", "no films"),
        (boxed("isom\0\0\x02\0isomavc1"), "a film (MP4)", "no films"),
        (boxed("mp42\0\0\0\0mp42isom"), "a film (MP4)", "no films"),
        (boxed("crx \0\0\0\x01crx isom"), "a camera's raw picture", "image program"),
        (b"\0\0\0\x08wide\0\0\0\x01mdat".to_vec(), "a film (QuickTime)", "no films"),
        (b"\x1a\x45\xdf\xa3\x01\0\0\0".to_vec(), "a film (WebM", "no films"),
        (b"RIFF\x10\0\0\0AVI LIST".to_vec(), "a film (AVI)", "no films"),
        (b"II*\0\x08\0\0\0".to_vec(), "a TIFF picture", "image program"),
        (b"MM\0*\0\0\0\x08".to_vec(), "a TIFF picture", "image program"),
        (b"BM\x36\x10\0\0\0\0\0\0\x36".to_vec(), "a BMP picture", "image program"),
        (b"%PDF-1.7\n%\xe2\xe3".to_vec(), "a PDF document", "picture in it"),
        (b"8BPS\0\x01".to_vec(), "a Photoshop document", "image program"),
        (b"\0\0\x01\0\x01\0".to_vec(), "an icon", "image program"),
        (b"\xff\x0a\xfa".to_vec(), "a JPEG XL picture", "image program"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0".to_vec(), "a document of an office program (HWP", "picture in it"),
        (b"PK\x03\x04\x14\0\0\0[Content_Types].xml..word/document.xml".to_vec(), "a Word document", "picture in it"),
        (b"PK\x03\x04\x14\0\0\0xl/workbook.xml".to_vec(), "an Excel document", "picture in it"),
        (b"PK\x03\x04\x14\0\0\0mimetypeapplication/hwp+zip".to_vec(), "a Hangul document", "picture in it"),
        (b"PK\x03\x04\x14\0\0\0latte.jpg".to_vec(), "an archive (ZIP)", "unpack"),
        (b"\x1f\x8b\x08\0".to_vec(), "compressed", "unpack"),
        (b"\x00\x05\x16\x07\x00\x02\0\0Mac OS X".to_vec(), "the companion (`._…`)", "without `._`"),
        (b"bplist00\xd3\x01".to_vec(), "a property list, as iCloud", "iCloud"),
        (b"L\0\0\0\x01\x14\x02\0\0".to_vec(), "a Windows shortcut", "itself"),
        (b"\x89PNG\n\x1a\n\0\0\0".to_vec(), "a PNG whose line ends were converted", ".gitattributes"),
        (b"\x89PNG\r\r\n\x1a\r\n".to_vec(), "a PNG whose line ends were converted", ".gitattributes"),
        (b"\x89PNG\r\n\x1a\r\n\0".to_vec(), "a PNG whose line ends were converted", "binary"),
        (b"\x89PNG\r\r\x1a\r\0".to_vec(), "a PNG whose line ends were converted", "binary"),
        (b"\tPNG\r\n\x1a\n".to_vec(), "a PNG that was sent as text", "as a file"),
        ("\u{fffd}PNG\r\n\u{1a}\n".as_bytes().to_vec(), "a PNG that was read as text", "as a file"),
        (
            "\u{fffd}\u{fffd}\u{fffd}\u{fffd}\0\u{10}JFIF".as_bytes().to_vec(),
            "a picture that was read as text",
            "as a file",
        ),
        ("ÿØÿà\0\u{10}JFIF".as_bytes().to_vec(), "a JPEG that was read as text", "as a file"),
        (b"\xff\xd8\0\x10JFIF".to_vec(), "damaged: a JPEG", "copy"),
        (b"GIF80a".to_vec(), "damaged: a GIF", "copy"),
        ([b"\r\n\xfe\x01", &png(b"")[..]].concat(), "a file in which something stands in front", "copy"),
        (b"\x93\x02\x7a\xfe\x01\x02".to_vec(), "of an unknown format", "image program"),
    ];
    for (bytes, says, help) in table {
        let Err(odd) = look(&bytes) else { panic!("{says} is taken for a picture") };
        assert!(odd.what.starts_with(says) && odd.help.contains(help), "{says}: {odd:?}");
    }
}

#[test]
fn a_cut_or_altered_picture_never_panics() {
    for whole in [jpeg(3, &exif(true, 6)), jpeg(4, &gps(37)), gif(2), png(&chunk(b"acTL", &[0; 8]))] {
        for at in 0..whole.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut altered = whole.clone();
                altered[at] = value;
                let _ = look(&altered);
                let _ = look(&altered[at..]);
            }
        }
    }
}

/// Pictures as image programs save them.
const SAVED: [(&str, &[u8]); 4] = [
    ("baseline", include_bytes!("../../../tests/pictures/baseline.jpg")),
    ("progressive", include_bytes!("../../../tests/pictures/progressive.jpg")),
    ("restarts", include_bytes!("../../../tests/pictures/restarts.jpg")),
    ("gray", include_bytes!("../../../tests/pictures/gray.jpg")),
];

/// Where the last scan of a file begins, behind its header.
fn last_scan(bytes: &[u8]) -> usize {
    let at = bytes.windows(2).rposition(|pair| pair == [0xff, 0xda]).expect("a scan");
    at + 2 + usize::from(bytes[at + 3])
}

#[test]
fn a_picture_that_was_cut_and_closed_again_is_damaged() {
    for (name, whole) in SAVED {
        assert!(look(whole).is_ok(), "{name}: {}", what(whole));
        let begins = last_scan(whole);
        for at in begins..whole.len() - 4 {
            let closed = [&whole[..at], b"\xff\xd9"].concat();
            assert!(what(&closed).starts_with("damaged: a part of its pixels"), "{name}, {at}: {}", what(&closed));
        }
        let trailing = [&whole[..whole.len() - 2], b"\0\0\0", &whole[whole.len() - 2..]].concat();
        assert!(look(&trailing).is_ok(), "{name} with a few bytes before its end mark");
    }
}

#[test]
fn a_picture_whose_line_ends_were_converted_is_damaged() {
    let replaced = |bytes: &[u8], from: &[u8], to: &[u8]| {
        let mut out = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let found = bytes[at..].starts_with(from);
            out.extend_from_slice(if found { to } else { &bytes[at..=at] });
            at += if found { from.len() } else { 1 };
        }
        out
    };
    for (name, whole) in SAVED {
        // Wherever the bytes stand: in a table, in the header, or in the coded data.
        for (from, to) in [(&b"\n"[..], &b"\r\n"[..]), (b"\r", b"\n"), (b"\n", b"")] {
            let converted = replaced(whole, from, to);
            if converted.len() != whole.len() {
                assert!(look(&converted).is_err(), "{name}: {from:?} → {to:?}");
            }
        }
    }
}
