package pipeline

import "testing"

func TestOutputName(t *testing.T) {
	for _, c := range []struct{ op, field, want string }{
		{"mean", "value0", "mean_value0"},
		{"mean", "wave[3]", "mean_wave_3"},
		{"max", "a.b.c", "max_a_b_c"},
		{"q1", "a[1][2].x", "q1_a_1_2_x"},
		{"min", "__x__", "min___x__"},
		{"sum", "température", "sum_temp_rature"},
	} {
		if got := OutputName(c.op, c.field); got != c.want {
			t.Errorf("OutputName(%q, %q) = %q, want %q", c.op, c.field, got, c.want)
		}
	}
}

func TestAvroName(t *testing.T) {
	for text, want := range map[string]string{
		"example-000-aggregated": "example_000_aggregated",
		"lsst.MT.mount":          "lsst_MT_mount",
		"1m":                     "_1m",
		"":                       "_",
		"Ünal":                   "_nal",
	} {
		if got := AvroName(text); got != want {
			t.Errorf("AvroName(%q) = %q, want %q", text, got, want)
		}
	}
}
