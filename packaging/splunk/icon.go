package splunk

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
)

// icon draws the app's icon: three bars that rise, the last in the colour of what is critical.
func icon(size int) ([]byte, error) {
	picture := image.NewPaletted(image.Rect(0, 0, size, size), color.Palette{
		color.Transparent, color.NRGBA{0x1D, 0x35, 0x57, 0xFF}, color.NRGBA{0x45, 0x7B, 0x9D, 0xFF}, color.NRGBA{0xD1, 0x49, 0x5B, 0xFF},
	})
	const parts = 12 // of the width and height: margins, bars and gaps are whole numbers of them
	part := size / parts
	for bar, height := range []int{4, 7, 10} {
		left := part * (1 + bar*4) //nolint:mnd // a bar of two parts and a gap of two
		for x := left; x < left+2*part; x++ {
			for y := size - part - height*part; y < size-part; y++ {
				picture.SetColorIndex(x, y, uint8(bar+1))
			}
		}
	}
	var out bytes.Buffer
	err := png.Encode(&out, picture)
	return out.Bytes(), err
}
