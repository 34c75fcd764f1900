using System.Runtime.InteropServices;

namespace Treeline;

/// <summary>Shows what is alive: every scope and child task of the process, at any time, in production.</summary>
public static class TaskTree
{
    /// <summary>
    /// Takes a picture of the live tree. It reads the links that the scopes keep anyway, so a program that never asks pays
    /// nothing; each scope is locked only while its direct children are copied. A node that ends or is born meanwhile may
    /// or may not be in it.
    /// </summary>
    /// <returns>The picture; it does not change.</returns>
    public static TaskTreeSnapshot Snapshot()
    {
        var roots = new List<NodeSnapshot>();
        var open = new Queue<(TreeNode Node, List<NodeSnapshot> Into)>();
        open.Enqueue((ProcessRoot.Instance, roots));

        // A queue, not recursion: trees may be deeper than stacks.
        int count = 0;
        while (open.TryDequeue(out (TreeNode Node, List<NodeSnapshot> Into) next))
        {
            next.Node.Picture(next.Into, open);
            next.Into.ForEach(static node => node.NoteHolders());
            count += next.Into.Count;
        }

        return new TaskTreeSnapshot(DateTimeOffset.UtcNow, roots, count);
    }

    /// <summary>Finds live nodes by their name.</summary>
    /// <param name="name">The whole name of one node, and not its path; upper and lower case matter.</param>
    /// <returns>The nodes that have it, parents before their children; none if there are none.</returns>
    public static IReadOnlyList<NodeSnapshot> Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return [.. Snapshot().All.Where(node => string.Equals(node.Name, name, StringComparison.Ordinal))];
    }

    /// <summary>
    /// The live tree as text, a line for each node: name, state, age, what it waits on, where it was spawned. Deadlocks,
    /// if there are any, follow.
    /// </summary>
    /// <returns>Lines of text, parents above their children, which are indented.</returns>
    public static string Dump()
    {
        var text = new StringWriter();
        Dump(text);
        return text.ToString();
    }

    /// <summary>Writes what <see cref="Dump()"/> gives.</summary>
    /// <param name="writer">Where it goes. It is written to on the calling thread, and not flushed.</param>
    public static void Dump(TextWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        TreeText.Write(writer, Snapshot());
        DeadlockReport deadlocks = FindDeadlocks();
        if (deadlocks.Cycles.Count > 0)
        {
            writer.WriteLine(deadlocks);
        }
    }

    /// <summary>
    /// From now on writes <see cref="Dump()"/> whenever the process is sent SIGQUIT (<c>kill -QUIT</c>, or <c>Ctrl+\</c> in a
    /// terminal; on Windows <c>Ctrl+Break</c>), which then no longer ends it. It is written by a thread of its own, also when
    /// the thread pool is starved.
    /// </summary>
    /// <param name="writer">Where it goes; by default standard error. What it throws is dropped: a dump must not end the
    /// process that it is to explain.</param>
    /// <returns>Dispose it to give the signal its former meaning back.</returns>
    /// <exception cref="PlatformNotSupportedException">The platform has no such signal.</exception>
    public static IDisposable DumpOnQuit(TextWriter? writer = null) => PosixSignalRegistration.Create(
        PosixSignal.SIGQUIT,
        signal =>
        {
            signal.Cancel = true;
            try
            {
                TextWriter to = writer ?? Console.Error;

                // In one piece, so that what others write meanwhile does not come between.
                to.Write(Dump());
                to.Flush();
            }
            catch (Exception)
            {
                // Said above.
            }
        });

    /// <summary>
    /// Calls <paramref name="onChange"/> each time a node begins or ends. It is called at once, on the thread where that
    /// happens: it must be quick, must not block, and must open no scopes. A node's beginning comes before its end and
    /// before the beginnings of the nodes below it, its end after their ends; otherwise calls may come in any order and
    /// at the same time. Nothing is told of what began before, except its end.
    /// </summary>
    /// <param name="onChange">Is told. When it throws, the tree is not harmed: it is told no more, and the error is kept in
    /// <see cref="TreeSubscription.Error"/>.</param>
    /// <returns>Dispose it to be told no more.</returns>
    public static TreeSubscription Subscribe(Action<TreeChange> onChange)
    {
        ArgumentNullException.ThrowIfNull(onChange);
        return TreeEvents.Subscribe(onChange);
    }

    /// <summary>
    /// Looks for nodes that wait for each other in a circle, and so for ever: children that await each other, nodes that hold
    /// what the other wants, scopes whose end is awaited from inside.
    /// </summary>
    /// <remarks>
    /// <para>Nothing is watched before it is asked; then it takes two pictures and counts only waits that lasted from one to
    /// the other, so what it finds did hold at one moment. A node that runs, or waits for something outside Treeline, or
    /// for a limited time, is taken to go on. The rest follows: what does not depend on one that goes on is stuck.</para>
    /// <para>What it cannot know: that something outside the tree would break the circle, such as a cancellation to come;
    /// and, of code that is no fiber and waits for several things at once, more than the one it turned to last.</para>
    /// </remarks>
    /// <returns>The circles; none if nothing is stuck.</returns>
    public static DeadlockReport FindDeadlocks()
    {
        TaskTreeSnapshot first = Snapshot();
        var suspected = new WaitGraph(first, before: null);
        return suspected.HasStuck ? new WaitGraph(Snapshot(), before: first).Report() : DeadlockReport.None;
    }

    /// <summary>The number of nodes, without a picture of them.</summary>
    internal static int CountAlive()
    {
        var open = new Queue<TreeNode>();
        open.Enqueue(ProcessRoot.Instance);
        int count = 0;
        while (open.TryDequeue(out TreeNode? node))
        {
            count += node.CountNested(open);
        }

        return count;
    }
}
