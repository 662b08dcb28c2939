//! The images of one upload: open files that leave piece by piece, so that ten of them take no more memory than a few pieces.

use std::fs::File;
use std::io::Error;

use futures_util::stream::try_unfold;
use reqwest::Body;
use reqwest::multipart::Part;
use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;

use super::exchange::unsendable;
use super::{excerpt, wire};
use crate::domain::content::{IMAGE_BYTES_LIMIT, IMAGES_MAX, ImageFormat};
use crate::domain::fault::Fault;

/// What is read and sent at once, in bytes.
const PIECE_BYTES: usize = 64 * 1024;

/// One image to upload.
#[derive(Debug)]
pub struct ImageFile {
    /// What a person calls it: for messages only, never sent.
    pub name: String,
    /// Told from the bytes.
    pub format: ImageFormat,
    /// How long it is: fewer than [`IMAGE_BYTES_LIMIT`] bytes.
    pub bytes: u64,
    /// Of all its bytes, in lower-case hex.
    pub sha256: String,
    /// Open, at its first byte.
    pub file: File,
}

impl ImageFile {
    /// The part of a form that holds it. Its last piece leaves only if all of them are what the hash says: what changes while it is
    /// sent arrives at nobody.
    pub(crate) fn into_part(self, number: usize) -> Result<Part, Fault> {
        let (mime, ending) = wire::media_type(self.format);
        let bytes = self.bytes;
        let rest =
            Rest { file: tokio::fs::File::from_std(self.file), left: bytes, seen: Sha256::new(), sha256: self.sha256 };
        let body = Body::wrap_stream(try_unfold(rest, Rest::piece));
        // A plain name of our own: a Korean one would need an encoding of which servers know several.
        let part = Part::stream_with_length(body, bytes).file_name(format!("image-{number}.{ending}"));
        part.mime_str(mime).map_err(|error| unsendable(&error))
    }
}

/// What of a file has not left yet.
struct Rest {
    file: tokio::fs::File,
    left: u64,
    seen: Sha256,
    sha256: String,
}

impl Rest {
    async fn piece(mut self) -> Result<Option<(Vec<u8>, Self)>, Error> {
        if self.left == 0 {
            return Ok(None);
        }
        let mut piece = vec![0; self.left.min(PIECE_BYTES as u64) as usize];
        self.file.read_exact(&mut piece).await?;
        self.left -= piece.len() as u64;
        self.seen.update(&piece);
        if self.left == 0 && format!("{:x}", self.seen.finalize_reset()) != self.sha256 {
            return Err(Error::other("the stored image changed while it was sent"));
        }
        Ok(Some((piece, self)))
    }
}

/// Kakao's documented limits, so that a hopeless upload of many megabytes is not begun and the image gets its name.
pub(crate) fn check_images(images: &[ImageFile]) -> Result<(), Fault> {
    if images.is_empty() || images.len() > IMAGES_MAX {
        let reason = format!("a photo story has 1 to {IMAGES_MAX} images, not {}", images.len());
        return Err(Fault::permanent("images", reason, "Change the number of images in the job file."));
    }
    let big = images.iter().find(|image| image.bytes >= IMAGE_BYTES_LIMIT);
    if let Some(image) = big {
        let reason = format!("image \"{}\" has {} bytes", excerpt::excerpt(&image.name), image.bytes);
        return Err(Fault::permanent("images", reason, "Make each image smaller than 10 MB."));
    }
    if images.len() > 1 && images.iter().any(|image| image.format == ImageFormat::Gif) {
        return Err(Fault::permanent("images", "a GIF is not alone in its story", "Post the GIF by itself."));
    }
    Ok(())
}
