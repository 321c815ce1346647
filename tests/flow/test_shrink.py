# ctest: timeout=300
"""thumbline-shrink alone, as a person uses it, on pictures that Pillow made or nobody should."""

import base64
import io
import struct
import subprocess
import time
import zlib

import pytest
from flow import BIN, SLOWNESS
from PIL import Image, ImageChops, ImageCms, ImageStat

SHRINK = str(BIN / "thumbline-shrink")
AVIF = base64.b64decode(
    "AAAAHGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZgAAAOptZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAA"
    "AAAAAAAAAAAA5waXRtAAAAAAABAAAAImlsb2MAAAAAREAAAQABAAAAAAEOAAEAAAAAAAAAUgAAACNpaW5mAAAAAAAB"
    "AAAAFWluZmUCAAAAAAEAAGF2MDEAAAAAamlwcnAAAABLaXBjbwAAABNjb2xybmNseAACAAIABoAAAAAMYXYxQ4EADA"
    "AAAAAUaXNwZQAAAAAAAAEsAAAAyAAAABBwaXhpAAAAAAMICAgAAAAXaXBtYQAAAAAAAAABAAEEgYIDhAAAAFptZGF0"
    "EgAKChgh5XjsECAgaEAyQhJgAAAUAcV6feQ10qsGgPl2D5zYPRsdrGsLcWQXD3SY46f65BotlgeECbr5xDqcYdH/a8"
    "jTftfiuGkHlZdNcT+zNg=="
)


def shrink(picture, *options):
    return subprocess.run(
        [SHRINK, *options], input=picture, capture_output=True, timeout=20 * SLOWNESS
    )


def thumbnail(picture, *options):
    result = shrink(picture, *options)
    assert (result.returncode, result.stderr) == (0, b"")
    return Image.open(io.BytesIO(result.stdout))


def refused(picture, fault):
    """It ends soon, with exit code 1, one line that starts with the fault, and no output."""
    before = time.monotonic()
    result = shrink(picture)
    assert time.monotonic() - before < 5 * SLOWNESS
    lines = result.stderr.decode().splitlines()
    assert (result.returncode, result.stdout, len(lines)) == (1, b"", 1), lines
    assert lines[0].startswith(f"thumbline-shrink: {fault}: "), lines


def photo(width=900, height=600):
    """Smooth in most places, with edges and a little noise, and no symmetry."""
    across = Image.linear_gradient("L").rotate(90).resize((width, height))
    down = Image.linear_gradient("L").resize((width, height))
    noise = Image.effect_noise((width, height), 20)
    image = Image.merge("RGB", (across, down, noise))
    image.paste((250, 40, 40), (width // 10, height // 10, width // 3, height // 4))
    image.paste((20, 60, 220), (width // 2, height // 2, width * 4 // 5, height * 9 // 10))
    return image


def save(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def flat(image):
    """On grey, so that what is transparent counts as alike."""
    ground = Image.new("RGBA", image.size, (128, 128, 128, 255))
    return Image.alpha_composite(ground, image.convert("RGBA")).convert("RGB")


def difference(thumb, image):
    """Mean difference of a sample from what Pillow makes of the whole picture."""
    wanted = flat(image).resize(thumb.size, Image.LANCZOS)
    return sum(ImageStat.Stat(ImageChops.difference(flat(thumb), wanted)).mean) / 3


def with_alpha(image):
    image = image.convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

KINDS = {  # name: (picture as Pillow sees it, its bytes, kind and mode of the thumbnail)
    "jpeg": (photo(), "JPEG", {}, "JPEG", "RGB"),
    "progressive jpeg": (photo(), "JPEG", {"progressive": True}, "JPEG", "RGB"),
    "4:4:4 jpeg": (photo(), "JPEG", {"subsampling": 0, "quality": 95}, "JPEG", "RGB"),
    "grey jpeg": (photo().convert("L"), "JPEG", {}, "JPEG", "L"),
    "jpeg with an sRGB profile": (photo(), "JPEG", {"icc_profile": SRGB}, "JPEG", "RGB"),
    "png": (photo(), "PNG", {}, "PNG", "RGB"),
    "png with alpha": (with_alpha(photo()), "PNG", {}, "PNG", "RGBA"),
    "grey png": (photo().convert("L"), "PNG", {}, "PNG", "L"),
    "grey png with alpha": (photo().convert("LA"), "PNG", {}, "PNG", "LA"),
    "png of two colours": (photo().convert("1"), "PNG", {}, "PNG", "L"),
    "png with a palette": (photo().convert("P"), "PNG", {}, "PNG", "RGB"),
    "png with a profile": (photo(), "PNG", {"icc_profile": SRGB}, "PNG", "RGB"),
    "gif": (photo().convert("P"), "GIF", {}, "GIF", "P"),
    "webp": (photo(), "WEBP", {"quality": 90}, "WEBP", "RGB"),
    "lossless webp with alpha": (with_alpha(photo()), "WEBP", {"lossless": True}, "WEBP", "RGBA"),
    "tiff": (photo(), "TIFF", {}, "JPEG", "RGB"),
    "lzw tiff with alpha": (with_alpha(photo()), "TIFF", {"compression": "tiff_lzw"}, "PNG", "RGBA"),
}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_read_and_looks_right(name):
    image, kind, options, thumb_kind, mode = KINDS[name]
    thumb = thumbnail(save(image, kind, **options))
    assert (thumb.format, thumb.mode, thumb.size) == (thumb_kind, mode, (128, 85))
    assert difference(thumb, image) < 4
    assert not thumb.info.get("icc_profile") and not thumb.getexif()


def test_cmyk_becomes_rgb():
    thumb = thumbnail(save(photo().convert("CMYK"), "JPEG"))
    assert (thumb.format, thumb.mode, thumb.size) == ("JPEG", "RGB", (128, 85))


def test_16_bit_png_is_read():
    thumb = thumbnail(save(Image.new("I;16", (300, 200), 0x8000), "PNG"))
    assert (thumb.format, thumb.mode, thumb.size) == ("PNG", "L", (128, 85))
    assert abs(thumb.getpixel((64, 40)) - 0x80) <= 1


def test_avif_is_read():
    thumb = thumbnail(AVIF)
    assert (thumb.format, thumb.size) == ("JPEG", (128, 85))
    assert thumb.getpixel((10, 10))[0] > 150 and thumb.getpixel((110, 70))[2] > 150


def test_the_first_frame_of_an_animation_counts():
    frames = [Image.new("RGB", (300, 200), colour) for colour in ("red", "blue")]
    for kind in ("GIF", "WEBP", "PNG"):
        thumb = thumbnail(save(frames[0], kind, save_all=True, append_images=frames[1:]))
        assert getattr(thumb, "n_frames", 1) == 1
        assert thumb.convert("RGB").getpixel((64, 40))[0] > 200


UPRIGHT = {
    2: Image.FLIP_LEFT_RIGHT, 3: Image.ROTATE_180, 4: Image.FLIP_TOP_BOTTOM, 5: Image.TRANSPOSE,
    6: Image.ROTATE_270, 7: Image.TRANSVERSE, 8: Image.ROTATE_90,
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "CMYK"])
def test_photographs_stand_upright(orientation, kind):
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = photo()
    if kind == "CMYK":  # the other way through the program
        picture = save(image.convert("CMYK"), "JPEG", exif=exif)
    else:
        picture = save(image, kind, exif=exif)
    upright = image.transpose(UPRIGHT[orientation]) if orientation > 1 else image
    thumb = thumbnail(picture)
    assert thumb.size == ((128, 85) if orientation < 5 else (85, 128))
    assert difference(thumb, upright) < (40 if kind == "CMYK" else 4)
    assert not thumb.getexif()


SIZES = [(1, 1), (1, 5000), (5000, 1), (2, 2), (127, 128), (128, 128), (129, 128), (4000, 3),
         (333, 777), (1023, 769), (3, 40000)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_sizes_are_those_of_pillow(size, kind):
    if kind == "WEBP" and max(size) > 16383:
        return  # the format ends there
    image = Image.new("RGB", size, "green")
    thumb = thumbnail(save(image, kind))
    image.thumbnail((128, 128))
    assert thumb.size == image.size


def test_the_box_may_be_of_any_shape():
    for box in ("64x64", "300x20", "1x1", "5000x5000", "16384x1"):
        image = photo()
        thumb = thumbnail(save(image, "JPEG"), "--size", box)
        image.thumbnail(tuple(map(int, box.split("x"))))
        assert thumb.size == image.size


def test_a_wide_gamut_is_brought_to_srgb():
    """A profile that swaps red and green shows whether it is honoured at all."""
    profile = bytearray(SRGB)
    tags = {bytes(profile[at:at + 4]): at for at in range(132, 132 + 12 * 20, 12)}
    red, green = tags[b"rXYZ"], tags[b"gXYZ"]
    profile[red + 4:red + 12], profile[green + 4:green + 12] = (
        profile[green + 4:green + 12], profile[red + 4:red + 12])
    profile = bytes(profile).replace(b"s\0R\0G\0B", b"x\0X\0X\0X").replace(b"sRGB", b"xXXX")
    picture = Image.new("RGB", (300, 200), (255, 0, 0))
    for kind in ("JPEG", "PNG"):
        thumb = thumbnail(save(picture, kind, icc_profile=profile)).convert("RGB")
        red, green, _ = thumb.getpixel((64, 40))
        assert green > 200 and red < 120, kind


# ---- what must be refused ----------------------------------------------------------------


def chunk(kind, data, length=None):
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data) if length is None else length) + kind + data + struct.pack(">I", check)


def png(width, height, *chunks, bits=8, colour=2):
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunks)


HOSTILE = {
    "nothing": (b"", "not_an_image"),
    "html": (b"<!doctype html><title>404</title>", "not_an_image"),
    "gzip that hangs libvips": (
        bytes.fromhex("1f8b0800000000000003cb00ac2a93d8 02000000") + b"trailing\n",
        "not_an_image",
    ),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", "not_an_image"),
    "pdf": (b"%PDF-1.4\n", "not_an_image"),
    "heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "not_an_image"),
    "a magic number alone, jpeg": (b"\xff\xd8", "truncated"),
    "a magic number alone, png": (b"\x89PNG\r\n\x1a\n", "truncated"),
    "png chunk that claims 1 GiB": (
        png(1, 1, chunk(b"tEXt", b"a\0", length=0x3FFFFFFF)), "decode_failed"),
    "png of 2000 empty chunks": (png(1, 1, chunk(b"tEXt", b"a\0b") * 2001), "decode_failed"),
    "png of 2500 megapixels": (
        png(50000, 50000, chunk(b"IDAT", zlib.compress(b"\0" * 9999)), chunk(b"IEND", b""),
            bits=1, colour=0), "too_many_pixels"),
    "png wider than anything": (
        png(70000, 1, chunk(b"IDAT", zlib.compress(b"\0" * 9)), chunk(b"IEND", b"")),
        "too_many_pixels"),
    "png with too little data": (
        png(100, 100, chunk(b"IDAT", zlib.compress(b"\0" * 999)), chunk(b"IEND", b"")), None),
    "gif of 16 GB": (
        b"GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\xff\xff\xff\xff\0\x02\x02D\x01\0;",
        "too_many_pixels"),
    "gif whose frame is larger than its screen": (
        b"GIF89a\x10\0\x10\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\xff\xff\xff\xff\0\x02\x02D\x01\0;",
        None),
    "webp of 268 megapixels in 38 bytes": (
        b"RIFF\x1e\0\0\0WEBPVP8L\x11\0\0\0/\xfe\xbf\xff\x0f" + b"\0" * 13, "too_many_pixels"),
    "tiff that points at itself": (b"II*\0\x08\0\0\0\x01\0\0\x01\x03\0\x01\0\0\0\x01\0\0\0\x08\0\0\0", None),
    "tiff of nothing": (b"MM\0*\0\0\0\x08\0\0\0\0\0\0", None),
    "avif of nothing": (b"\0\0\0\x18ftypavif\0\0\0\0mif1avif", None),
    "jpeg with a hundred thousand scans": (None, "decode_failed"),
}


def scan_bomb():
    """A progressive JPEG whose last scan is repeated."""
    picture = save(photo(), "JPEG", progressive=True)
    last = picture.rindex(b"\xff\xda")
    scan = picture[last:-2]
    return picture[:-2] + scan * 1000 + picture[-2:]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_are_refused(name):
    picture, fault = HOSTILE[name]
    if picture is None:
        picture = scan_bomb()
    if fault:
        refused(picture, fault)
        return
    before = time.monotonic()
    result = shrink(picture)
    assert time.monotonic() - before < 5 * SLOWNESS
    assert result.returncode == 1 and len(result.stderr.splitlines()) == 1, result


@pytest.mark.parametrize("kind", ["JPEG", "progressive", "CMYK", "PNG", "GIF", "WEBP", "TIFF"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_cut_off_pictures_are_truncated(kind, part):
    if kind == "progressive":
        picture = save(photo(), "JPEG", progressive=True)
    elif kind == "CMYK":
        picture = save(photo().convert("CMYK"), "JPEG")
    else:
        picture = save(photo().convert("P") if kind == "GIF" else photo(), kind)
    cut = picture[:int(len(picture) * part)]
    if kind in ("GIF", "WEBP", "TIFF"):  # their decoders do not tell it from damage
        result = shrink(cut)
        assert result.returncode == 1
        assert b": truncated: " in result.stderr or b": decode_failed: " in result.stderr
    else:
        refused(cut, "truncated")


def test_a_missing_end_mark_is_forgiven():
    picture = save(photo(), "JPEG")
    assert picture.endswith(b"\xff\xd9")
    assert thumbnail(picture[:-2]).size == (128, 85)
    assert thumbnail(save(photo(), "PNG")[:-12]).size == (128, 85)


def test_a_large_photograph_takes_little_memory():
    """Its pixels alone are 324 MB; the program and its libraries map about 300."""
    if SLOWNESS > 1:
        return  # sanitizers map terabytes
    picture = save(photo(12000, 9000), "JPEG", quality=60)
    result = subprocess.run(["prlimit", "--as=500000000", SHRINK], input=picture, capture_output=True)
    assert (result.returncode, result.stderr) == (0, b"")


def test_memory_that_is_out_is_a_fault_and_not_a_crash():
    """GLib, on which libvips stands, ends the process instead of saying so."""
    if SLOWNESS > 1:
        return
    picture = save(photo(5000, 5000).convert("P"), "GIF")
    result = subprocess.run(["prlimit", "--as=230000000", SHRINK], input=picture, capture_output=True)
    assert (result.returncode, result.stdout) == (1, b"")
    assert result.stderr.startswith(b"thumbline-shrink: decode_memory: "), result.stderr


def test_a_picture_over_32_mib_is_refused():
    result = shrink(b"\xff\xd8" + b"\0" * (32 << 20))
    assert result.returncode == 1 and result.stderr.startswith(b"thumbline-shrink: too_large: ")


def test_usage():
    for options in (["--size", "0x0"], ["--size", "12"], ["--frobnicate"], ["picture.jpg"]):
        result = shrink(b"", *options)
        assert result.returncode == 2 and len(result.stderr.splitlines()) == 1, options
    assert b"usage: thumbline-shrink" in shrink(b"", "--help").stdout
    assert shrink(b"", "--version").returncode == 0
    result = shrink(b"", "--serve")
    assert result.returncode == 4 and b"--serve" in result.stderr
