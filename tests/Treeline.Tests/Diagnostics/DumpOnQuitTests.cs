using System.Globalization;
using System.Runtime.InteropServices;

namespace Treeline.Tests.Diagnostics;

/// <summary>SIGQUIT, which would end the process, gives the tree.</summary>
public sealed class DumpOnQuitTests : TreeTest
{
    private const int SigQuit = 3;

    [Fact]
    public Task The_signal_writes_the_tree_and_the_process_lives_on() => InTime(async () =>
    {
        var written = new Written();
        using (TaskTree.DumpOnQuit(written))
        {
            await using TaskScope scope = TaskScope.Open(name: "top");
            scope.Spawn(Forever, "child");
            Quit();
            await Until(() => written.Flushes == 1);
            Assert.Contains("top  scope, running", written.Text, StringComparison.Ordinal);
            Assert.Contains("  child  child, ", written.Text, StringComparison.Ordinal);
            Quit();
            await Until(() => written.Flushes == 2);
        }
    });

    [Fact]
    public Task A_writer_that_throws_does_not_end_the_process_that_the_dump_is_to_explain() => InTime(async () =>
    {
        var broken = new Written { Error = new IOException("closed") };
        var written = new Written();
        using (TaskTree.DumpOnQuit(written))
        using (TaskTree.DumpOnQuit(broken))
        {
            Quit();
            await Until(() => written.Flushes == 1 && broken.Calls == 1);
        }
    });

    private static void Quit()
    {
        if (OperatingSystem.IsLinux())
        {
            // .NET respects that, and no signal would ever come.
            string ignored = File.ReadLines("/proc/self/status").First(static line => line.StartsWith("SigIgn:", StringComparison.Ordinal));
            long signals = long.Parse(ignored.AsSpan("SigIgn:".Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            Assert.True(
                (signals & (1 << (SigQuit - 1))) == 0,
                "This process inherited an ignored SIGQUIT, as from the background of a shell. ./test starts it without.");
        }

        Assert.Equal(0, SendSignal(Environment.ProcessId, SigQuit));
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendSignal(int process, int signal);

    private sealed class Written : StringWriter
    {
        private int _flushes;
        private int _calls;

        public Written()
            : base(CultureInfo.InvariantCulture)
        {
        }

        public Exception? Error { get; init; }

        public int Flushes => Volatile.Read(ref _flushes);

        public int Calls => Volatile.Read(ref _calls);

        public string Text => GetStringBuilder().ToString();

        public override void Write(string? value)
        {
            base.Write(value);
            Interlocked.Increment(ref _calls);
            if (Error is not null)
            {
                throw Error;
            }
        }

        public override void Flush() => Interlocked.Increment(ref _flushes);
    }
}
