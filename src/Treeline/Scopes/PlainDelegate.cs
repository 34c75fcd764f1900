namespace Treeline;

/// <summary>Calls delegates that return a <see cref="Task"/> or a <see cref="ValueTask"/>, with a result or without.</summary>
/// <typeparam name="TArgument">What they get: the scope, or its token.</typeparam>
/// <typeparam name="T">The type of the result; <see cref="Nothing"/> if there is none.</typeparam>
internal static class PlainDelegate<TArgument, T>
{
    /// <summary>Calls <paramref name="code"/>; throws what it throws before it first waits.</summary>
    /// <param name="code">The delegate.</param>
    /// <param name="argument">What it gets.</param>
    /// <param name="node">Whose code it is, for the error.</param>
    /// <param name="result">Set if it has ended with success, and has one.</param>
    /// <returns>The task to wait for. Null: it has ended with success.</returns>
    public static Task? Call(Delegate code, TArgument argument, TreeNode node, ref T? result)
    {
        switch (code)
        {
            case Func<TArgument, ValueTask<T>> function:
                ValueTask<T> answer = function(argument);
                if (answer.IsCompletedSuccessfully)
                {
                    result = answer.Result;
                    return null;
                }

                return answer.AsTask();

            case Func<TArgument, ValueTask> action:
                ValueTask done = action(argument);
                if (done.IsCompletedSuccessfully)
                {
                    done.GetAwaiter().GetResult();
                    return null;
                }

                return done.AsTask();

            default:
                return ((Func<TArgument, Task>)code)(argument)
                    ?? throw new InvalidOperationException(
                        $"The {(node.Kind == NodeKind.Child ? "delegate" : "body")} of '{node.Path}' returned null instead of a task.");
        }
    }
}
