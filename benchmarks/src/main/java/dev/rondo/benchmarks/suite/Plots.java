package dev.rondo.benchmarks.suite;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Dimension;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.apache.batik.svggen.SVGGeneratorContext;
import org.apache.batik.svggen.SVGGraphics2D;
import org.knowm.xchart.AnnotationLine;
import org.knowm.xchart.AnnotationText;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler.ChartTheme;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;
import org.w3c.dom.Document;

/// Results as pictures: XChart lays out and paints, Batik writes the SVG. Colours are those of Okabe and Ito, which
/// people who confuse some colours tell apart, too; Rondo alone is red.
final class Plots {
    private static final String SVG = "http://www.w3.org/2000/svg";
    private static final int WIDTH = 1000;
    private static final int PANEL = 240;
    private static final int HEAD = 92;
    private static final int ROOFLINE = 560;

    private static final Color RONDO = new Color(0xd5, 0x5e, 0x00);
    private static final Color BEST_PEER = new Color(0x00, 0x72, 0xb2);
    private static final Color TEXT = new Color(0x22, 0x22, 0x22);
    private static final Color FAINT = new Color(0xdd, 0xdd, 0xdd);
    private static final Color MUTED = new Color(0x66, 0x66, 0x66);
    private static final Font PLAIN = new Font(Font.SANS_SERIF, Font.PLAIN, 12);
    private static final Font BOLD = PLAIN.deriveFont(Font.BOLD, 13f);
    private static final Font TITLE = PLAIN.deriveFont(Font.BOLD, 17f);

    private Plots() {}

    /// A picture of the page.
    ///
    /// @param file its name
    /// @param caption what it shows
    record Picture(String file, String caption) {}

    /// Why no picture can be made here; empty if they can. Java lays out text with a font of the system, and some
    /// systems have none.
    static Optional<String> obstacle() {
        try {
            Graphics2D graphics = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB).createGraphics();
            graphics.getFontMetrics(PLAIN).stringWidth("text");
            graphics.dispose();
            return Optional.empty();
        } catch (RuntimeException | LinkageError | InternalError e) {
            return Optional.of("Java finds no font here (on Debian: apt-get install fontconfig fonts-dejavu-core)");
        }
    }

    /// Makes all that the results give.
    ///
    /// @param folder where the files go
    static List<Picture> write(Path folder, Limits limits, List<Row> rows) throws IOException {
        List<Picture> pictures = new ArrayList<>();
        for (Suite suite : List.of(Suite.KERNELS, Suite.MODELS)) {
            List<Row> own = rows.stream()
                    .filter(row -> row.suite().equals(suite.id()) && row.isTimed())
                    .filter(row -> !row.implementation().equals(Implementation.RONDO_CPP))
                    .toList();
            List<Integer> threads = own.stream().map(Row::threads).distinct().sorted().toList();
            for (int number : threads) {
                double peak = limits.peak(number).orElse(Double.NaN);
                if (peak > 0) {
                    Picture picture = new Picture(
                            "%s-%d-thread%s.svg".formatted(suite.id(), number, number == 1 ? "" : "s"),
                            "%s on %d thread%s: share of the machine's multiply-add peak".formatted(
                                    suite == Suite.KERNELS ? "Layers" : "Networks", number, number == 1 ? "" : "s"));
                    write(folder.resolve(picture.file), bars(
                            picture.caption,
                            String.format(Locale.ROOT,
                                    "The peak is %.0f GFLOP/s. Above each group: the best peer's time by Rondo's; above 1"
                                            + " Rondo is faster.", peak),
                            own.stream().filter(row -> row.threads() == number).toList(),
                            new Scale(row -> 100 * row.gflops() / peak, "% of peak", List.of(100.0)), true));
                    pictures.add(picture);
                }
            }
            if (threads.size() > 1) {
                speedUp(folder, suite, own, threads.getFirst(), threads.getLast()).ifPresent(pictures::add);
            }
            if (suite == Suite.KERNELS && !own.isEmpty() && limits.read(1, 1).isPresent()) {
                for (int number : threads) {
                    Picture picture = new Picture("roofline-%d-thread%s.svg".formatted(number, number == 1 ? "" : "s"),
                            "Roofline of inference on %d thread%s".formatted(number, number == 1 ? "" : "s"));
                    write(folder.resolve(picture.file), roofline(picture.caption, limits, own, number));
                    pictures.add(picture);
                }
            }
        }
        return pictures;
    }

    private static Optional<Picture> speedUp(Path folder, Suite suite, List<Row> rows, int few, int many)
            throws IOException {
        List<Row> both = rows.stream()
                .filter(row -> row.threads() == many && single(rows, row, few).isPresent())
                .toList();
        if (both.isEmpty()) {
            return Optional.empty();
        }
        Picture picture = new Picture(suite.id() + "-threads.svg", "%s: %d threads against %d"
                .formatted(suite == Suite.KERNELS ? "Layers" : "Networks", many, few));
        write(folder.resolve(picture.file), bars(
                picture.caption,
                "How many times as fast each implementation is as itself on %d thread%s. Nothing gained: 1; all: %s."
                        .formatted(few, few == 1 ? "" : "s", Units.ratio((double) many / few)),
                both,
                new Scale(row -> single(rows, row, few).orElseThrow().medianMicros() / row.medianMicros(), "times",
                        List.of(1.0, (double) many / few)),
                false));
        return Optional.of(picture);
    }

    private static Optional<Row> single(List<Row> rows, Row row, int threads) {
        return rows.stream()
                .filter(other -> other.threads() == threads && other.workload().equals(row.workload())
                        && other.cell().equals(row.cell()) && other.pass().equals(row.pass())
                        && other.implementation().equals(row.implementation()))
                .findFirst();
    }

    /// What bars show.
    ///
    /// @param marks where lines are drawn across
    private record Scale(ToDoubleFunction<Row> value, String unit, List<Double> marks) {}

    /// Something to paint.
    private record Painting(int width, int height, Consumer<Graphics2D> painter) {}

    /// Below each other a panel for each cell and pass (single steps stand beside inference), with a group of bars for
    /// each shape.
    private static Painting bars(String title, String subtitle, List<Row> rows, Scale scale, boolean ratios) {
        Map<String, List<Row>> panels = new LinkedHashMap<>();
        Stream.of("inference", "training").forEach(pass -> rows.stream()
                .filter(row -> row.pass().equals(pass) || pass.equals("inference") && row.pass().equals("step"))
                .sorted(Comparator.comparing((Row row) -> row.pass().equals("step")))
                .forEach(row -> panels.computeIfAbsent(Sections.cell(row.cell()) + " " + pass, _ -> new ArrayList<>())
                        .add(row)));
        List<String> names = implementations(rows);
        return new Painting(WIDTH, HEAD + PANEL * panels.size(), graphics -> {
            head(graphics, title, subtitle, names);
            int y = HEAD;
            for (Map.Entry<String, List<Row>> panel : panels.entrySet()) {
                Graphics2D part = (Graphics2D) graphics.create(0, y, WIDTH, PANEL);
                panel(panel.getKey(), panel.getValue(), names, scale, ratios).paint(part, WIDTH, PANEL);
                part.dispose();
                y += PANEL;
            }
        });
    }

    private static CategoryChart panel(
            String title, List<Row> rows, List<String> names, Scale scale, boolean ratios) {
        CategoryChart chart = new CategoryChart(WIDTH, PANEL, ChartTheme.Matlab);
        style(chart, chart.getStyler());
        chart.setTitle(title);
        chart.setYAxisTitle(scale.unit);
        chart.getStyler().setAvailableSpaceFill(0.86).setLegendVisible(false);
        chart.getStyler().setPlotGridVerticalLinesVisible(false);
        List<String> workloads = rows.stream().map(Row::workload).distinct().toList();
        double top = Collections.max(scale.marks);
        for (Row row : rows) {
            top = Math.max(top, scale.value.applyAsDouble(row));
        }
        chart.getStyler().setYAxisMin(0.0).setYAxisMax(top * 1.16);
        List<String> here = names.stream()
                .filter(name -> rows.stream().anyMatch(row -> row.implementation().equals(name)))
                .toList();
        for (String name : here) {
            List<Double> values = workloads.stream()
                    .map(workload -> rows.stream()
                            .filter(row -> row.workload().equals(workload) && row.implementation().equals(name))
                            .mapToDouble(scale.value)
                            .findFirst()
                            .orElse(0))
                    .toList();
            chart.addSeries(name, workloads, values).setFillColor(color(name));
        }
        for (double mark : scale.marks) {
            AnnotationLine line = new AnnotationLine(mark, false, false);
            chart.addAnnotation(line);
        }
        if (ratios) {
            List<Standing> standings = Standing.of(rows);
            for (int i = 0; i < workloads.size(); i++) {
                String workload = workloads.get(i);
                double highest = rows.stream()
                        .filter(row -> row.workload().equals(workload))
                        .mapToDouble(scale.value)
                        .max()
                        .orElse(0);
                // XChart counts categories from their left edges here.
                double at = i + 0.5;
                double label = highest + top * 0.07;
                standings.stream()
                        .filter(standing -> standing.work().workload().equals(workload))
                        .findFirst()
                        .flatMap(standing -> standing.best().map(standing::ratio))
                        .ifPresent(ratio -> chart.addAnnotation(
                                new AnnotationText(Units.ratio(ratio), at, label, false)));
            }
        }
        return chart;
    }

    private static void head(Graphics2D graphics, String title, String subtitle, List<String> names) {
        graphics.setColor(Color.WHITE);
        graphics.fill(new Rectangle2D.Double(0, 0, WIDTH, 10_000));
        graphics.setColor(TEXT);
        graphics.setFont(TITLE);
        graphics.drawString(title, 16, 28);
        graphics.setFont(PLAIN);
        graphics.setColor(MUTED);
        graphics.drawString(subtitle, 16, 49);
        int x = 16;
        for (String name : names) {
            graphics.setColor(color(name));
            graphics.fill(new Rectangle2D.Double(x, 64, 14, 14));
            graphics.setColor(TEXT);
            graphics.setFont(name.equals("rondo") ? BOLD : PLAIN);
            graphics.drawString(display(name), x + 20, 76);
            x += 20 + graphics.getFontMetrics().stringWidth(display(name)) + 24;
        }
    }

    /// Of each layer the speed against the operations that a byte of weights is used for: the roofs are the multiply-add
    /// peak and what can be read from caches and memory in that time.
    private static Painting roofline(String title, Limits limits, List<Row> rows, int threads) {
        XYChart chart = new XYChart(WIDTH, ROOFLINE - HEAD, ChartTheme.Matlab);
        style(chart, chart.getStyler());
        chart.getStyler().setXAxisLogarithmic(true).setYAxisLogarithmic(true).setLegendVisible(false);
        chart.setXAxisTitle("floating-point operations for each byte of weights read");
        chart.setYAxisTitle("GFLOP/s");
        double peak = limits.peak(threads).orElse(Double.NaN);
        double left = 0.06;
        double right = 256;
        Map<String, Double> sizes = new LinkedHashMap<>();
        sizes.put("16 KiB", 16 * 1024.0);
        sizes.put("256 KiB", 256 * 1024.0);
        sizes.put("memory", 128 * 1024 * 1024.0);
        sizes.forEach((name, bytes) -> {
            double bandwidth = limits.read(threads, bytes * threads).orElse(Double.NaN);
            double knee = peak / bandwidth;
            XYSeries roof = chart.addSeries(name, new double[] {left, knee}, new double[] {left * bandwidth, peak});
            line(roof, FAINT.darker());
            chart.addAnnotation(new AnnotationText(
                    String.format(Locale.ROOT, "%s: %.0f GB/s", name, bandwidth), left * 2.6,
                    left * 1.25 * bandwidth, false));
        });
        line(chart.addSeries("peak", new double[] {left, right}, new double[] {peak, peak}), TEXT);
        chart.addAnnotation(new AnnotationText(
                String.format(Locale.ROOT, "multiply-add peak: %.0f GFLOP/s", peak), right / 4, peak * 1.22, false));

        List<Row> inference = rows.stream()
                .filter(row -> row.threads() == threads && !row.pass().equals("training") && row.cell().equals("LSTM"))
                .toList();
        double lowest = peak;
        for (Standing standing : Standing.of(inference)) {
            Optional<Double> intensity = Tasks.find(standing.rondo()).map(Plots::intensity);
            if (intensity.isPresent()) {
                double x = intensity.get();
                String workload = standing.work().workload();
                if (standing.best().isPresent()) {
                    Row best = standing.best().get();
                    lowest = Math.min(lowest, best.gflops());
                    point(chart, workload + " best", x * 0.97, best.gflops(), SeriesMarkers.DIAMOND, BEST_PEER);
                }
                lowest = Math.min(lowest, standing.rondo().gflops());
                point(chart, workload, x, standing.rondo().gflops(), SeriesMarkers.CIRCLE, RONDO);
                chart.addAnnotation(new AnnotationText(
                        workload, x * Math.pow(right / left, (9 + 4.0 * workload.length()) / WIDTH),
                        standing.rondo().gflops(), false));
            }
        }
        lowest = Math.min(lowest, left * limits.read(threads, Double.MAX_VALUE).orElse(1));
        chart.getStyler().setXAxisMin(left).setXAxisMax(right).setYAxisMin(lowest / 1.5)
                .setYAxisMax(peak * 2);
        return new Painting(WIDTH, ROOFLINE, graphics -> {
            head(graphics, title, "LSTM layers. Weights of a layer with one sequence are read for two operations a weight,"
                    + " of one with 32 sequences for 64.", List.of("rondo", "best peer"));
            Graphics2D part = (Graphics2D) graphics.create(0, HEAD, WIDTH, ROOFLINE - HEAD);
            chart.paint(part, WIDTH, ROOFLINE - HEAD);
            part.dispose();
        });
    }

    /// The operations for each byte of weights that has to be read: of a sequence, the recurrent weights at each step; of
    /// a single step, both.
    private static double intensity(Task task) {
        Task.Layer layer = (Task.Layer) task.subject();
        LayerShape shape = layer.shape();
        int width = shape.isStep() ? shape.input() + shape.hidden() : shape.hidden();
        double steps = shape.isStep() ? 1 : shape.time();
        return task.flops() / (steps * Float.BYTES * layer.cell().gates() * shape.hidden() * width);
    }

    private static void line(XYSeries series, Color color) {
        series.setMarker(SeriesMarkers.NONE).setLineColor(color).setLineStyle(new BasicStroke(1.6f));
    }

    private static void point(XYChart chart, String name, double x, double y, Marker marker, Color color) {
        XYSeries series = chart.addSeries(name, new double[] {x}, new double[] {y});
        series.setMarker(marker).setMarkerColor(color).setLineColor(color);
    }

    private static void style(Chart<?, ?> chart, AxesChartStyler styler) {
        styler.setPlotGridLinesColor(FAINT).setPlotGridLinesStroke(new BasicStroke(0.7f));
        styler.setAxisTickLabelsFont(PLAIN).setAxisTitleFont(PLAIN).setAxisTickLabelsColor(TEXT);
        styler.setAxisTickMarksColor(FAINT);
        styler.setChartTitleFont(BOLD).setChartTitleBoxVisible(false).setChartTitlePadding(4);
        styler.setChartBackgroundColor(Color.WHITE).setPlotBackgroundColor(Color.WHITE).setPlotBorderVisible(false);
        styler.setChartFontColor(TEXT);
        styler.setChartPadding(6);
        styler.setAnnotationTextFont(PLAIN.deriveFont(Font.BOLD, 11f)).setAnnotationTextFontColor(TEXT);
        styler.setAnnotationLineColor(MUTED)
                .setAnnotationLineStroke(new BasicStroke(1, BasicStroke.CAP_BUTT, BasicStroke.JOIN_MITER, 1,
                        new float[] {5, 4}, 0));
        styler.setMarkerSize(9);
    }

    private static List<String> implementations(List<Row> rows) {
        Set<String> names = new LinkedHashSet<>();
        names.add("rondo");
        rows.forEach(row -> names.add(row.implementation()));
        return List.copyOf(names);
    }

    private static Color color(String name) {
        return switch (name) {
            case "rondo" -> RONDO;
            case "rondo-avx2" -> new Color(0xe8, 0x9b, 0x66);
            case "rondo-baseline" -> new Color(0xf4, 0xcd, 0xb2);
            case "best peer", "onednn" -> BEST_PEER;
            case "onnxruntime" -> new Color(0x56, 0xb4, 0xe9);
            case "pytorch" -> new Color(0x00, 0x9e, 0x73);
            case "djl" -> new Color(0xcc, 0x79, 0xa7);
            case "tensorflow" -> new Color(0xe6, 0x9f, 0x00);
            case "dl4j" -> new Color(0x33, 0x33, 0x66);
            default -> new Color(0xb0, 0xb0, 0xb0);
        };
    }

    private static String display(String name) {
        return switch (name) {
            case "rondo" -> "Rondo";
            case "onnxruntime" -> "ONNX Runtime";
            case "onednn" -> "oneDNN";
            case "pytorch" -> "PyTorch";
            case "djl" -> "DJL";
            case "dl4j" -> "DL4J";
            case "tensorflow" -> "TensorFlow";
            case "naive" -> "OpenBLAS by step";
            default -> name.replace("rondo-", "Rondo, ");
        };
    }

    private static void write(Path file, Painting painting) throws IOException {
        Document document;
        try {
            document = DocumentBuilderFactory.newDefaultInstance().newDocumentBuilder().getDOMImplementation()
                    .createDocument(SVG, "svg", null);
        } catch (ParserConfigurationException e) {
            throw new IllegalStateException("no XML in this Java", e);
        }
        SVGGeneratorContext context = SVGGeneratorContext.createDefault(document);
        context.setPrecision(2);
        SVGGraphics2D graphics = new SVGGraphics2D(context, false);
        graphics.setSVGCanvasSize(new Dimension(painting.width, painting.height));
        painting.painter.accept(graphics);
        try (Writer writer = Files.newBufferedWriter(file)) {
            graphics.stream(writer, true);
        }
        graphics.dispose();
    }
}
