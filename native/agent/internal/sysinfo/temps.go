package sysinfo

import (
	"io/fs"
	"path"
	"strings"

	"mesolite/agent/internal/wire"
)

const maxTemps = 64

type sensor struct {
	name string
	file *hotFile
}

// findSensors lists hwmon sensors; thermal zones only where there are none, since they tell the same again.
func findSensors(root fs.FS) []sensor {
	var list []sensor
	inputs, _ := fs.Glob(root, "sys/class/hwmon/hwmon*/temp*_input") // the pattern is sound
	for _, input := range inputs {
		chip := readText(root, path.Join(path.Dir(input), "name"))
		label := readText(root, strings.TrimSuffix(input, "_input")+"_label")
		list = append(list, sensor{name: clip(strings.TrimSpace(chip + " " + label)), file: newHot(root, input)})
	}
	if len(list) == 0 {
		zones, _ := fs.Glob(root, "sys/class/thermal/thermal_zone*/temp") // the pattern is sound
		for _, zone := range zones {
			kind := readText(root, path.Join(path.Dir(zone), "type"))
			list = append(list, sensor{name: clip(kind), file: newHot(root, zone)})
		}
	}
	if len(list) > maxTemps {
		list = list[:maxTemps]
	}
	return list
}

// readTemps leaves out sensors that are off or absurd.
func readTemps(sensors []sensor, into []wire.Temp) []wire.Temp {
	into = into[:0]
	for _, s := range sensors {
		data := s.file.read()
		if len(data) == 0 {
			continue
		}
		if milli := toInt(data); milli != 0 && milli > -60_000 && milli < 200_000 {
			into = append(into, wire.Temp{Name: s.name, MilliC: milli})
		}
	}
	return into
}
