using System.Globalization;
using System.Text;

namespace Treeline.Tests.Stress.Model;

/// <summary>Writes a program so that a person can read it.</summary>
internal sealed class ProgramPrinter
{
    private readonly StringBuilder _text = new();

    public static string Print(ModelProgram program)
    {
        var printer = new ProgramPrinter();
        printer.Print(program.Root, "run", 0);
        foreach (Meddling meddling in program.Meddlings.OrderBy(static meddling => meddling.At))
        {
            printer.Line(0, $"at {meddling.At}, from outside: {Words(meddling.Deed)}");
        }

        return printer._text.ToString();
    }

    private void Line(int depth, string text) => _text.Append(' ', 2 * depth).AppendLine(text);

    private void Print(ScopeSpec scope, string how, int depth)
    {
        string[] options =
        [
            $"{scope.Policy}",
            scope.Timeout is { } timeout ? $"{(scope.AsDeadline ? "deadline" : "timeout")} {timeout}" : string.Empty,
            scope.Grace is { } grace ? $"grace {grace}" : string.Empty,
            scope.Patience is { } patience ? $"patience {patience}" : string.Empty,
            scope.Shield ? "shield" : string.Empty,
            scope.MaxConcurrency is { } limit ? $"at most {limit}" : string.Empty,
            scope.Outer == OuterToken.None ? string.Empty : $"token {scope.Outer}",
            scope.Fibers ? "fiber" : "task",
        ];
        Line(depth, $"{how} {ModelNames.Of(scope)} ({string.Join(", ", options.Where(static option => option.Length > 0))})");
        Print(scope.Body, depth + 1);
    }

    private void Print(ChildSpec child, string how, int depth)
    {
        string title = $"{how} {ModelNames.Of(child)} ({(child.Fiber ? "fiber" : "task")})";
        if (child.Scope is { } scope)
        {
            Print(scope, $"{title}:", depth);
        }
        else
        {
            Line(depth, title);
            Print(child.Code!, depth + 1);
        }
    }

    private void Print(CodeSpec code, int depth)
    {
        foreach (Step step in code.Steps)
        {
            Print(step, depth);
        }

        Line(depth, $"ends after {code.Ending}");
        if (code.Cleanup.Count > 0)
        {
            Line(depth, "finally");
            foreach (Step step in code.Cleanup)
            {
                Print(step, depth + 1);
            }
        }
    }

    private void Print(Step step, int depth)
    {
        string listens = step.Listens switch
        {
            Listens.ToNothing => ", deaf",
            Listens.ToStopping => ", unless stopping",
            _ => string.Empty,
        };
        string pause = string.Create(
            CultureInfo.InvariantCulture, $"after {step.Pause?.ToString(CultureInfo.InvariantCulture) ?? "ever"}{(step.Foreign ? " (.NET's)" : string.Empty)}{listens}:");
        switch (step)
        {
            case Step.Spawn spawn:
                Print(spawn.Child, $"{pause} spawn into s{spawn.Into}", depth);
                break;
            case Step.Nest nest:
                Print(nest.Scope, $"{pause} {nest.Handling} (error {nest.ErrorId}) what surfaces from", depth);
                break;
            case Step.Open open:
                Print(open.Scope, $"{pause} open", depth);
                foreach (ChildSpec child in open.Children)
                {
                    Print(child, "spawn in it", depth + 1);
                }

                break;
            case Step.Close close:
                Line(depth, $"{pause} {(close.Join ? "join" : "dispose")} s{close.Scope}, {close.Handling} (error {close.ErrorId})");
                break;
            case Step.Await waits:
                Line(depth, $"{pause} await c{waits.Child}{(waits.AsTask ? " as a task" : string.Empty)}, {waits.Handling} (error {waits.ErrorId})");
                break;
            case Step.Fail fail:
                Line(depth, $"{pause} throw error {fail.ErrorId}{(fail.Cancellation ? ", a cancellation" : string.Empty)}");
                break;
            case Step.Act act:
                Line(depth, $"{pause} {Words(act.Deed)}");
                break;
            case Step.Limit limit:
                Line(depth, $"{pause} work {limit.Work}, limited to {limit.Limited}{(limit.Shield ? ", shielded" : string.Empty)}");
                break;
            case Step.ReadDeadline:
                Line(depth, $"{pause} read the deadline");
                break;
            default:
                Line(depth, $"{pause} go on");
                break;
        }
    }

    private static string Words(Deed deed) => $"{deed.Kind} s{deed.Scope}{(deed.Time is { } time ? $" in {time}" : string.Empty)}";
}
