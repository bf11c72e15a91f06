package modules

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// zlibJob is one call: everything in, everything out.
type zlibJob struct {
	op         string
	in         []byte
	level      int
	max        int
	partial    bool // input may end early
	dictionary []byte
}

func zlibArgs(args []any) zlibJob {
	j := zlibJob{op: argString(args, 0), in: argBytes(args, 1), level: argInt(args, 2, -1, 9), max: argInt(args, 3, 1, maxNative), partial: argBool(args, 4)}
	if len(args) > 5 && args[5] != nil {
		j.dictionary = argBytes(args, 5)
	}
	return j
}

var zlibNatives = map[string]Native{
	// run(op, bytes, level, max, partial, dictionary) gives bytes.
	"run": func(_ *Call, args []any) (any, error) {
		return zlibArgs(args).run(context.Background())
	},
	// start is run beside the script.
	"start": func(_ *Call, args []any) (any, error) {
		j := zlibArgs(args)
		j.in, j.dictionary = bytes.Clone(j.in), bytes.Clone(j.dictionary)
		return Task(func(ctx context.Context) (any, error) { return j.run(ctx) }), nil
	},
	"crc32": func(_ *Call, args []any) (any, error) {
		return int64(crc32.Update(uint32(argNumber(args, 1)), crc32.IEEETable, argBytes(args, 0))), nil
	},
}

func zlibError(code string, errno int, message string) error {
	return &Throw{Message: message, Props: Object{{"errno", errno}, {"code", code}}}
}

var errZlibEnd = zlibError("Z_BUF_ERROR", -5, "unexpected end of file")

func (j zlibJob) run(ctx context.Context) (any, error) {
	out := &boundedBuffer{ctx: ctx, max: j.max}
	var err error
	switch j.op {
	case "gzip", "deflate", "deflateRaw":
		err = j.compress(out)
	case "gunzip":
		err = j.gunzip(out)
	case "inflate":
		err = j.inflate(out)
	case "inflateRaw":
		err = j.inflateRaw(out, bytes.NewReader(j.in))
	case "unzip":
		switch {
		case len(j.in) >= 2 && j.in[0] == 0x1f && j.in[1] == 0x8b:
			err = j.gunzip(out)
		default:
			err = j.inflate(out)
		}
	default:
		return nil, fmt.Errorf("zlib: no operation %s", j.op)
	}
	if err != nil {
		return nil, err
	}
	return out.b, nil
}

// boundedBuffer refuses to grow beyond max, which stops compression bombs.
type boundedBuffer struct {
	ctx context.Context
	b   []byte
	max int
}

func (w *boundedBuffer) Write(p []byte) (int, error) {
	if len(p) > w.max-len(w.b) {
		return 0, &Throw{Class: "RangeError", Message: fmt.Sprintf("Cannot create a Buffer larger than %d bytes", w.max), Props: Object{{"code", "ERR_BUFFER_TOO_LARGE"}}}
	}
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	w.b = append(w.b, p...)
	return len(p), nil
}

func (j zlibJob) compress(out io.Writer) error {
	var w io.WriteCloser
	var err error
	switch {
	case j.op == "gzip":
		var g *gzip.Writer
		g, err = gzip.NewWriterLevel(out, j.level)
		if err == nil {
			g.OS = 3 // as zlib writes it on Unix
		}
		w = g
	case j.op == "deflate":
		w, err = zlib.NewWriterLevelDict(out, j.level, j.dictionary)
	default:
		w, err = flate.NewWriterDict(out, j.level, j.dictionary)
	}
	if err != nil {
		return err
	}
	if _, err = w.Write(j.in); err != nil {
		return err
	}
	return w.Close()
}

func (j zlibJob) gunzip(out io.Writer) error {
	if len(j.in) == 0 {
		return j.ended()
	}
	in := bytes.NewReader(j.in)
	for first := true; ; first = false {
		if rest := j.in[len(j.in)-in.Len():]; !first && (len(rest) == 0 || rest[0] != 0x1f) {
			return nil // zlib stops at what follows the last member
		}
		if rest := j.in[len(j.in)-in.Len():]; rest[0] != 0x1f || len(rest) > 1 && rest[1] != 0x8b {
			return zlibError("Z_DATA_ERROR", -3, "incorrect header check")
		}
		r, err := gzip.NewReader(in)
		if err != nil {
			return j.failure(err, "incorrect header check")
		}
		r.Multistream(false)
		if err = j.copy(out, r, "incorrect data check"); err != nil {
			return err
		}
	}
}

func (j zlibJob) inflate(out io.Writer) error {
	if len(j.in) == 0 {
		return j.ended()
	}
	if len(j.in) >= 2 && binary.BigEndian.Uint16(j.in)%31 == 0 && j.in[1]&0x20 != 0 && j.dictionary == nil {
		return zlibError("Z_NEED_DICT", 2, "Missing dictionary")
	}
	r, err := zlib.NewReaderDict(bytes.NewReader(j.in), j.dictionary)
	if err != nil {
		if errors.Is(err, zlib.ErrDictionary) {
			return zlibError("Z_DATA_ERROR", -3, "Bad dictionary")
		}
		return j.failure(err, "incorrect header check")
	}
	return j.copy(out, r, "incorrect data check")
}

func (j zlibJob) inflateRaw(out io.Writer, in io.Reader) error {
	return j.copy(out, flate.NewReaderDict(bufio.NewReader(in), j.dictionary), "invalid distance too far back")
}

func (j zlibJob) copy(out io.Writer, r io.Reader, message string) error {
	_, err := io.Copy(out, r)
	var corrupt flate.CorruptInputError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &corrupt):
		return zlibError("Z_DATA_ERROR", -3, "invalid stored block lengths")
	}
	return j.failure(err, message)
}

func (j zlibJob) failure(err error, message string) error {
	var t *Throw
	switch {
	case errors.As(err, &t), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return j.ended()
	}
	return zlibError("Z_DATA_ERROR", -3, message)
}

func (j zlibJob) ended() error {
	if j.partial {
		return nil
	}
	return errZlibEnd
}
